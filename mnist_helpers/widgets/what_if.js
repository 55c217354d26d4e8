// Sliders to choose a training by, and the comparison of what was trained.

const SHOWN = ["is_training", "status", "chart", "table"];

/** Make a slider over a few values, with its name before it and its value after it. */
function makeSlider({ name, choices, start }) {
  const range = make("input", {
    type: "range",
    min: 0,
    max: choices.length - 1,
    value: start,
  });
  // Read aloud as the slider's value; an output would be read a second time.
  const value = make("span", { class: "value", "aria-hidden": "true" });
  function show() {
    value.textContent = choices[range.value];
    range.setAttribute("aria-valuetext", choices[range.value]);
  }
  range.addEventListener("input", show);
  show();
  return { range, element: make("label", { class: "slider" }, name, range, value) };
}

function render({ model, el }) {
  const sliders = model.get("sliders").map(makeSlider);
  const train = make("button", { type: "button" }, "Train");
  const status = make("p", { class: "status", role: "status" });
  const chart = make("div", { class: "findings" });
  const table = make("div", {
    class: "comparison",
    role: "group",
    "aria-label": "the networks that were trained",
    tabindex: 0,
  });
  const root = make(
    "div",
    { class: "mnist-exploring" },
    make(
      "div",
      { class: "columns" },
      make(
        "div",
        { class: "knobs" },
        ...sliders.map((slider) => slider.element),
        make("div", { class: "buttons" }, train),
        status,
      ),
      chart,
    ),
    table,
  );
  let timer = null;

  /** Show what the kernel says; the button keeps the focus while it is without effect. */
  function update() {
    clearTimeout(timer);
    train.setAttribute("aria-disabled", model.get("is_training"));
    if (status.textContent !== model.get("status")) {
      status.textContent = model.get("status");
    }
    chart.innerHTML = model.get("chart");
    table.innerHTML = model.get("table");
    table.hidden = model.get("table") === "";
  }

  train.addEventListener("click", () => {
    if (train.getAttribute("aria-disabled") === "true") {
      return;
    }
    try {
      model.send({ chosen: sliders.map((slider) => Number(slider.range.value)) });
    } catch {
      status.textContent = GONE;
      return;
    }
    train.setAttribute("aria-disabled", "true");
    timer = setTimeout(() => {
      status.textContent =
        "The kernel is busy, and trains when it is done. If it was restarted, run " +
        "the notebook again.";
    }, OVERDUE);
  });

  SHOWN.forEach((name) => model.on(`change:${name}`, update));
  update();
  el.append(root);
  return () => {
    clearTimeout(timer);
    SHOWN.forEach((name) => model.off(`change:${name}`, update));
  };
}

export default { initialize: ({ model }) => takePlace(model, render) };
