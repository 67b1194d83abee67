// What begins as a field does is offered while one types. Without this script the button beside the field finds it.
"use strict";

(() => {
  const PATIENCE = 180;
  const waiting = new WeakMap();
  const asked = new WeakMap();

  const offer = async (input) => {
    const address = new URL(input.dataset.lookUp, window.location.origin);
    address.searchParams.set("q", input.value);
    for (const name of ["book", "tenant"]) {
      const other = input.form.elements.namedItem(name);
      if (other && other !== input) { address.searchParams.set(name, other.value); }
    }
    const wish = {};
    asked.set(input, wish);
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) { return; } // a redirect leads to the sign-in, which is no list of options
    const options = await answer.text();
    if (asked.get(input) === wish) { input.list.innerHTML = options; }
  };

  const later = (event) => {
    const input = event.target;
    if (!input.matches?.("input[data-look-up]")) { return; }
    clearTimeout(waiting.get(input));
    waiting.set(input, setTimeout(() => offer(input), event.type === "focusin" ? 0 : PATIENCE));
  };

  // unfold writes the name of a chosen file into the first text field around it, unless it thinks that it listens already.
  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("input[type=file]")) { input.hasChangeListener = true; }
  });

  document.addEventListener("input", later);
  document.addEventListener("focusin", later);
})();
