"""What numbers depend on: TensorFlow as it is set up, versions, the machine."""
