"use strict";

// The page works without this. With it, Enter sends, an example is asked at a click, and a
// question to the model shows its steps as they happen.
const form = document.getElementById("ask-form");
const steps = document.getElementById("ask-steps");
const problem = document.getElementById("ask-error");
const question = form.elements.question;
const SPOKEN = {
  asked: "Asked", guarded: "Looked at the question", planned: "Planned what to read",
  approved: "Approved", retrieved: "Read the ledgers", computed: "Computed",
  drafted: "Drafted", grounded: "Checked every sentence", answered: "Answered",
  failed: "Failed", cancelled: "Cancelled",
};

question.focus({ preventScroll: window.location.hash !== "" });
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
for (const chip of document.querySelectorAll("[data-ask]")) {
  chip.addEventListener("click", () => {
    question.value = chip.dataset.ask;
    form.requestSubmit();
  });
}

form.addEventListener("submit", (event) => {
  if (form.elements.mode.value !== "model" || form.elements.as_of.value) return;
  event.preventDefault();
  askSlowly().catch(() => form.submit());
});

async function askSlowly() {
  const session = form.dataset.session;
  const place = session ? `${form.dataset.api}/${session}/messages` : form.dataset.api;
  const answer = await fetch(place, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Prefer": "respond-async",
      "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
    },
    body: JSON.stringify({
      question: question.value, mode: "model", review: form.elements.review.checked,
    }),
  });
  const said = await answer.json();
  if (!answer.ok) {
    problem.textContent = said.detail;
    return;
  }
  problem.textContent = "";
  follow(said.session_id, said.turn);
}

function follow(session, turn) {
  const page = `${form.dataset.page}${session}/`;
  const events = new EventSource(`${form.dataset.api}/${session}/events`);
  steps.hidden = false;
  steps.replaceChildren();
  for (const kind of Object.keys(SPOKEN)) {
    events.addEventListener(kind, (event) => {
      if (JSON.parse(event.data).turn !== turn) return;
      const line = document.createElement("li");
      line.textContent = SPOKEN[kind];
      steps.append(line);
    });
  }
  events.addEventListener("end", () => {
    events.close();
    window.location.assign(`${page}?turn=${turn}#turn-${turn}`);
  });
}
