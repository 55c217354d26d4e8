"""PyTorch, eager: its usual loop, over data that is one tensor, without a loader."""

import copy

import torch
from common import HIDDEN_UNITS, Clock, read_task
from torch import nn


def build(network: str) -> nn.Sequential:
    if network == "cnn":
        return nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(1600, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )
    units = HIDDEN_UNITS[network]
    return nn.Sequential(nn.Linear(784, units), nn.ReLU(), nn.Linear(units, 10))


def as_tensor(inputs):
    tensor = torch.from_numpy(inputs)
    # PyTorch has the channels before rows and columns.
    return tensor.permute(0, 3, 1, 2).contiguous() if tensor.ndim == 4 else tensor


task = read_task()
torch.manual_seed(task.seed)
model = build(task.network)
optimizer = torch.optim.Adam(model.parameters())
loss_of = nn.CrossEntropyLoss()
train_inputs = as_tensor(task.train_inputs)
train_labels = torch.from_numpy(task.train_labels).long()
validation_inputs = as_tensor(task.validation_inputs)
validation_labels = torch.from_numpy(task.validation_labels).long()
best_accuracy, best_weights = 0.0, None
clock = Clock(task)
for _epoch in range(task.epochs):
    for rows in torch.randperm(len(train_inputs)).split(task.batch_size):
        optimizer.zero_grad()
        loss_of(model(train_inputs[rows]), train_labels[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        predicted = torch.cat(
            [model(batch).argmax(1) for batch in validation_inputs.split(1000)]
        )
    accuracy = (predicted == validation_labels).float().mean().item()
    if accuracy > best_accuracy:
        best_accuracy, best_weights = accuracy, copy.deepcopy(model.state_dict())
    clock.epoch_ended()
clock.report(best_accuracy)
