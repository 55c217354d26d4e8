// A confusion matrix of cells to choose, and the images of the chosen one.

const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const MOVES = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** Make a list of digits to choose from, with "any" before them. */
function makeDigits(label) {
  const options = DIGITS.map((digit) => make("option", { value: digit }, `${digit}`));
  const any = make("option", { value: "" }, "any");
  return make("select", { "aria-label": label }, any, ...options);
}

/** Make a field for a percentage. */
function makePercentage(value, label) {
  return make("input", {
    type: "number",
    min: 0,
    max: 100,
    value,
    "aria-label": label,
  });
}

function render({ model, el }) {
  const confusion = model.get("confusion");
  const most = Math.max(
    1,
    ...confusion.flatMap((row, place) => row.filter((_, other) => other !== place)),
  );
  let first = 0;

  const cells = confusion.map((row, label) =>
    row.map((count, predicted) => {
      const cell = make(
        "button",
        {
          type: "button",
          tabindex: -1,
          "aria-label": `true ${label}, predicted ${predicted}: ${count} images`,
          class: label === predicted ? "right" : "wrong",
        },
        `${count}`,
      );
      cell.style.setProperty("--share", Math.min(1, Math.sqrt(count / most)));
      cell.addEventListener("click", () => choose(label, predicted));
      return cell;
    }),
  );
  cells[0][0].tabIndex = 0;
  const heading = (digit, scope) => make("th", { scope }, `${digit}`);
  const table = make(
    "table",
    {},
    make(
      "caption",
      {},
      "Rows: the true digit. Columns: the predicted one. Choose a cell to see its " +
        "images, by mouse or arrow keys.",
    ),
    make(
      "thead",
      {},
      make("tr", {}, make("td"), ...DIGITS.map((digit) => heading(digit, "col"))),
    ),
    make(
      "tbody",
      {},
      ...cells.map((row, label) =>
        make(
          "tr",
          {},
          heading(label, "row"),
          ...row.map((cell) => make("td", {}, cell)),
        ),
      ),
    ),
  );

  const label = makeDigits("true digit");
  const predicted = makeDigits("predicted digit");
  const lowest = makePercentage(0, "confidence from, in percent");
  const highest = makePercentage(100, "to, in percent");
  const mistakes = make("input", { type: "checkbox" });
  mistakes.checked = true;
  const status = make("p", { class: "status", role: "status" });
  const found = make("div", { class: "found" });
  const previous = make("button", { type: "button" }, "Previous");
  const next = make("button", { type: "button" }, "Next");
  offer(previous, null);
  offer(next, null);
  const filters = make(
    "div",
    { class: "filters" },
    make("label", {}, "true ", label),
    make("label", {}, "predicted ", predicted),
    make("label", {}, "confidence from ", lowest, " %"),
    make("label", {}, "to ", highest, " %"),
    make("label", {}, mistakes, " mistakes only"),
  );
  const root = make(
    "div",
    { class: "mnist-exploring" },
    make(
      "div",
      { class: "columns" },
      make("div", { class: "matrix" }, table),
      make(
        "div",
        { class: "findings" },
        filters,
        status,
        found,
        make("div", { class: "buttons" }, previous, next),
      ),
    ),
  );

  /** Read a percentage as a share; a field left empty is its limit. */
  function share(field, limit) {
    return Number.isNaN(field.valueAsNumber) ? limit : field.valueAsNumber / 100;
  }

  function ask() {
    const digit = (list) => (list.value === "" ? null : Number(list.value));
    cells.flat().forEach((cell) => cell.removeAttribute("aria-current"));
    if (label.value !== "" && predicted.value !== "") {
      cells[label.value][predicted.value].setAttribute("aria-current", "true");
    }
    asker.ask({
      first,
      choice: {
        true: digit(label),
        predicted: digit(predicted),
        lowest: share(lowest, 0),
        highest: share(highest, 1),
        mistakes: mistakes.checked,
      },
    });
  }

  function choose(row, column) {
    label.value = row;
    predicted.value = column;
    mistakes.checked = mistakes.checked && row !== column;
    first = 0;
    cells.flat().forEach((cell) => {
      cell.tabIndex = -1;
    });
    cells[row][column].tabIndex = 0;
    cells[row][column].focus();
    ask();
  }

  function receive(answer, buffers) {
    const last = answer.first + answer.predictions.length;
    status.textContent =
      answer.count === 0
        ? "There is no such image."
        : `Images ${answer.first + 1} to ${last} of ${answer.count}, the surest first.`;
    const pictures = cutPictures(buffers[0]);
    found.replaceChildren(
      ...answer.predictions.map((prediction, place) => {
        const isRight = prediction.true === prediction.predicted;
        const verdict = isRight ? "right" : "wrong";
        return make(
          "figure",
          { class: verdict },
          makePicture(pictures[place], `test image of a ${prediction.true}`),
          make(
            "figcaption",
            {},
            make("span", {}, `predicted ${prediction.predicted}`),
            " ",
            make("span", {}, `(${prediction.confidence})`),
            make("br"),
            `true ${prediction.true}: ${verdict}`,
          ),
          makeBars(prediction.probabilities),
        );
      }),
    );
    offer(previous, answer.first > 0 ? answer.first - answer.page : null);
    offer(next, last < answer.count ? last : null);
  }

  /** Let a button turn to a page, by its first image; null for none. */
  function offer(button, place) {
    // A button that is disabled would lose the focus.
    button.setAttribute("aria-disabled", `${place === null}`);
    button.onclick = () => {
      if (place !== null) {
        first = place;
        ask();
      }
    };
  }

  const asker = makeAsker(model, receive, (complaint) => {
    status.textContent = complaint;
  });

  table.addEventListener("keydown", (event) => {
    if (!(event.key in MOVES)) {
      return;
    }
    const place = cells.flat().indexOf(event.target);
    const [row, column] = [Math.floor(place / 10), place % 10].map((at, axis) =>
      Math.min(Math.max(at + MOVES[event.key][axis], 0), 9),
    );
    choose(row, column);
    event.preventDefault();
    event.stopPropagation();
  });
  filters.addEventListener("change", () => {
    first = 0;
    ask();
  });

  ask();
  el.append(root);
  return asker.stop;
}

export default { initialize: ({ model }) => takePlace(model, render) };
