// What the widgets have in common.

const SIDE = 28;
// Milliseconds after which an answer is overdue.
const OVERDUE = 3000;
const SILENT =
  "The kernel does not answer. It is busy, or was restarted; then run the notebook " +
  "again.";
// JupyterLab closes a widget's connection when its kernel restarts.
const GONE = "The kernel was restarted or shut down: run the notebook again.";

/**
 * Render a widget in the place of its sentence, whenever the page shows one.
 *
 * The sentence is what the saved notebook keeps.
 */
function takePlace(model, render) {
  const sentence = `[data-mnist-widget="${model.get("place")}"]`;
  const cleanUps = [];
  function look() {
    for (const el of document.querySelectorAll(sentence)) {
      el.removeAttribute("data-mnist-widget");
      el.replaceChildren();
      cleanUps.push(render({ model, el }));
    }
  }
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true });
  look();
  return () => {
    observer.disconnect();
    cleanUps.forEach((cleanUp) => cleanUp());
  };
}

/** Make an element with attributes, and with children, which may be text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  // Or the notebook, in command mode, takes the keys of whatever has the focus.
  element.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Cut the bytes of a message into pictures of 28x28 grey levels. */
function cutPictures(view) {
  const levels = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const count = levels.length / (SIDE * SIDE);
  return Array.from({ length: count }, (_, place) =>
    levels.subarray(place * SIDE * SIDE, (place + 1) * SIDE * SIDE),
  );
}

/** Make a picture of 28x28 grey levels, from 0 (paper) to 255 (ink). */
function makePicture(levels, label) {
  const canvas = make("canvas", {
    width: SIDE,
    height: SIDE,
    role: "img",
    "aria-label": label,
  });
  paintPicture(canvas, levels);
  return canvas;
}

/** Paint grey levels over those of a picture. */
function paintPicture(canvas, levels) {
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(SIDE, SIDE);
  levels.forEach((level, place) => {
    const light = 255 - level;
    pixels.data.set([light, light, light, 255], 4 * place);
  });
  context.putImageData(pixels, 0, 0);
}

/** Make ten bars, the highest of them bold. */
function makeBars(probabilities) {
  const bars = probabilities.map((_, digit) =>
    make(
      "span",
      {},
      make("span", { class: "track" }, make("span", { class: "level" })),
      make("span", { class: "digit" }, `${digit}`),
    ),
  );
  const group = make("div", { class: "bars", role: "img" }, ...bars);
  setBars(group, probabilities);
  return group;
}

/** Set ten bars to other probabilities. */
function setBars(group, probabilities) {
  const highest = probabilities.indexOf(Math.max(...probabilities));
  const inWords = probabilities.map(
    (probability, digit) => `${digit}: ${Math.round(100 * probability)} %`,
  );
  group.setAttribute("aria-label", `probabilities, ${inWords.join(", ")}`);
  probabilities.forEach((probability, digit) => {
    const bar = group.children[digit];
    bar.className = digit === highest ? "bar highest" : "bar";
    bar.querySelector(".level").style.height = `${100 * probability}%`;
  });
}

/**
 * Make what asks the kernel, one question at a time.
 *
 * Of the questions that come up meanwhile, only the newest is asked, as soon as the
 * answer to the one before is there, or overdue.
 * `receive` is called with each message and its buffers; `complain` with a sentence,
 * where no answer comes.
 */
function makeAsker(model, receive, complain) {
  // Two views of one widget hear each other's answers.
  const name = `${Math.random()}`;
  let number = 0;
  let asked = null;
  let waiting = null;
  let timer = null;

  function send(question) {
    try {
      model.send(question);
    } catch {
      complain(GONE);
      return;
    }
    asked = question.request.number;
    timer = setTimeout(() => {
      complain(SILENT);
      proceed();
    }, OVERDUE);
  }

  function proceed() {
    clearTimeout(timer);
    const next = waiting;
    asked = waiting = null;
    if (next) {
      send(next);
    }
  }

  function hear(answer, buffers) {
    const request = answer.request;
    if (request.view !== name) {
      return;
    }
    if (request.number === asked) {
      proceed();
    }
    receive(answer, buffers);
  }

  model.on("msg:custom", hear);
  return {
    ask(content) {
      number += 1;
      const question = { request: { view: name, number }, ...content };
      if (asked === null) {
        send(question);
      } else {
        waiting = question;
      }
    },
    isIdle() {
      return asked === null;
    },
    stop() {
      clearTimeout(timer);
      model.off("msg:custom", hear);
    },
  };
}
