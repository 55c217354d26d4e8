// The canvas to draw a digit on, and what the networks make of it.

// Pixels that an arrow key moves the pen, and that a point keeps from the one before.
const STEP = 10;
const APART = 3;
// Milliseconds from an answer, with no new point, until the pen rests.
const REST = 100;
const EMPTY = "The canvas is empty: draw a digit.";
const DRAWING = "Drawing …";
const HINT =
  "Draw with mouse, pen or finger. By keyboard, the arrow keys move the pen, and " +
  "the space bar lowers and lifts it.";
const ARROWS = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

/** Say what the networks answer, briefly where they agree. */
function summarise(names, answers) {
  const digits = answers.map((answer) => answer.digit);
  if (digits.length > 1 && digits.every((digit) => digit === digits[0])) {
    return `All ${digits.length} networks say ${digits[0]}.`;
  }
  return `${names.map((name, place) => `${name}: ${digits[place]}`).join(", ")}.`;
}

function render({ model, el }) {
  const names = model.get("networks");
  const side = model.get("canvas_side");
  const penWidth = model.get("pen_width");
  let strokes = [];
  // Whether a stroke is being drawn, and where the keyboard's pen is.
  let isDown = false;
  let pen = [side / 2, side / 2];
  let penIsShown = false;
  let rest = null;
  let summary = "";

  const hint = make("p", { id: `hint-${Math.random()}` }, HINT);
  const canvas = make("canvas", {
    class: "paper",
    width: side,
    height: side,
    tabindex: 0,
    role: "application",
    "aria-label": "canvas for a digit",
    "aria-describedby": hint.id,
  });
  const undo = make("button", { type: "button" }, "Undo");
  const clear = make("button", { type: "button" }, "Clear");
  const status = make("p", { class: "status", role: "status" });
  const answers = make("div", { class: "answers" });
  const seen = make("div", { class: "seen" });
  const nearest = make("div", { class: "nearest" });
  const file = make("input", { type: "file", accept: "image/*" });
  const readings = make("div", { class: "readings", "aria-live": "polite" });
  const root = make(
    "div",
    { class: "mnist-exploring" },
    hint,
    make(
      "div",
      { class: "columns" },
      make("div", {}, canvas, make("div", { class: "buttons" }, undo, clear)),
      make("div", { class: "findings" }, status, answers, seen, nearest),
    ),
    make("label", {}, "Or drop a photograph of your digits: ", file),
    readings,
  );
  const context = canvas.getContext("2d");

  function paint() {
    context.fillStyle = "white";
    context.fillRect(0, 0, side, side);
    context.strokeStyle = "black";
    context.lineWidth = penWidth;
    context.lineCap = "round";
    context.lineJoin = "round";
    for (const stroke of strokes) {
      context.beginPath();
      context.moveTo(...stroke[0]);
      // A line of no length is a dot.
      stroke.forEach((point) => context.lineTo(...point));
      context.stroke();
    }
    if (penIsShown) {
      // A ring, and a full one where the pen is down; white around it, seen on ink.
      for (const [colour, width] of [
        ["white", 7],
        ["#b84f00", 3],
      ]) {
        context.beginPath();
        context.arc(...pen, penWidth / 2, 0, 2 * Math.PI);
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.stroke();
      }
      if (isDown) {
        context.fillStyle = "#b84f00";
        context.fill();
      }
    }
  }

  /** Say it once: what is written again would be read aloud again. */
  function say(text) {
    if (status.textContent !== text) {
      status.textContent = text;
    }
  }

  function changed() {
    clearTimeout(rest);
    paint();
    undo.disabled = clear.disabled = strokes.length === 0;
    if (strokes.length === 0) {
      say(EMPTY);
      answers.replaceChildren();
      seen.replaceChildren();
      nearest.replaceChildren();
    } else {
      asker.ask({ what: "answers", strokes });
    }
  }

  function receive(answer, buffers) {
    if (strokes.length === 0) {
      say(EMPTY);
    } else if ("answers" in answer) {
      showAnswers(answer, buffers[0]);
      // They take longer, and would keep the answers to a moving pen waiting.
      clearTimeout(rest);
      if (asker.isIdle()) {
        rest = setTimeout(() => asker.ask({ what: "nearest", strokes }), REST);
      }
    } else if (asker.isIdle()) {
      showNearest(answer.nearest, buffers[0]);
      say(summary);
    }
  }

  /** Show answers; elements that are changed are laid out faster than new ones. */
  function showAnswers({ answers: verdicts }, buffer) {
    const [image] = cutPictures(buffer);
    if (answers.children.length === 0) {
      answers.append(...names.map(makeAnswer));
      seen.append(
        make("p", {}, "What is seen of it, 28×28 pixels:"),
        makePicture(image, "the drawing, brought into MNIST's form"),
      );
    }
    verdicts.forEach(({ digit, confidence, probabilities }, place) => {
      const answer = answers.children[place];
      answer.querySelector(".verdict").textContent = `${digit} (${confidence})`;
      setBars(answer.querySelector(".bars"), probabilities);
    });
    paintPicture(seen.querySelector("canvas"), image);
    // Read aloud when a stroke is finished, not while it is drawn.
    const said = summarise(names, verdicts);
    summary = isDown ? DRAWING : said;
    say(summary);
  }

  function makeAnswer(name) {
    return make(
      "div",
      { class: "answer" },
      make("strong", {}, name),
      make("span", { class: "verdict" }),
      makeBars(Array(10).fill(0)),
    );
  }

  function showNearest(labels, buffer) {
    nearest.replaceChildren(
      make("p", {}, "The training images nearest to it, with their labels:"),
      make(
        "div",
        { class: "pictures" },
        ...cutPictures(buffer).map((levels, place) =>
          make(
            "figure",
            {},
            makePicture(levels, `training image of a ${labels[place]}`),
            make("figcaption", {}, `${labels[place]}`),
          ),
        ),
      ),
    );
  }

  const asker = makeAsker(model, receive, say);

  function begin(point) {
    isDown = true;
    strokes.push([point]);
    say(DRAWING);
    changed();
  }

  function go(points) {
    const stroke = strokes.at(-1);
    const before = stroke.length;
    for (const point of points) {
      const [x, y] = stroke.at(-1);
      if (Math.hypot(point[0] - x, point[1] - y) >= APART) {
        stroke.push(point);
      }
    }
    // A pen that is held still moves too, by its pressure.
    if (stroke.length > before) {
      changed();
    } else {
      paint();
    }
  }

  function end() {
    if (isDown) {
      isDown = false;
      changed();
    }
  }

  function locate(event) {
    const frame = canvas.getBoundingClientRect();
    const scale = side / frame.width;
    return [event.clientX - frame.left, event.clientY - frame.top].map(
      (distance) => Math.round(distance * scale),
    );
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) {
      return;
    }
    // A notebook would select text, or drag the cell.
    event.preventDefault();
    canvas.focus();
    canvas.setPointerCapture(event.pointerId);
    penIsShown = false;
    begin(locate(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (isDown && canvas.hasPointerCapture(event.pointerId)) {
      // Safari before 18.2, and all browsers by plain http, do not know it.
      const between = event.getCoalescedEvents?.() ?? [];
      go((between.length ? between : [event]).map(locate));
    }
  });
  canvas.addEventListener("lostpointercapture", end);
  canvas.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      penIsShown = true;
      // Once, however long the key is held down.
      if (!event.repeat) {
        if (isDown) {
          end();
        } else {
          begin([...pen]);
        }
      }
    } else if (event.key in ARROWS) {
      penIsShown = true;
      pen = pen.map((distance, axis) =>
        Math.min(Math.max(distance + ARROWS[event.key][axis], 0), side),
      );
      if (isDown) {
        go([[...pen]]);
      } else {
        paint();
      }
    } else {
      return;
    }
    // The notebook would scroll, or move to another cell.
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("blur", () => {
    penIsShown = false;
    end();
    paint();
  });
  /** Take strokes back; a button that is disabled by it would lose the focus. */
  function keep(count) {
    // A copy, because the strokes from before may still wait to be sent.
    strokes = strokes.slice(0, count);
    if (count === 0) {
      canvas.focus();
    }
    changed();
  }

  file.addEventListener("change", async () => {
    if (file.files.length) {
      model.set("photo", new DataView(await file.files[0].arrayBuffer()));
      model.save_changes();
    }
  });
  function showReadings() {
    readings.innerHTML = model.get("readings");
  }
  showReadings();
  model.on("change:readings", showReadings);
  undo.addEventListener("click", () => keep(strokes.length - 1));
  clear.addEventListener("click", () => keep(0));

  changed();
  el.append(root);
  return () => {
    clearTimeout(rest);
    asker.stop();
    model.off("change:readings", showReadings);
  };
}

export default { initialize: ({ model }) => takePlace(model, render) };
