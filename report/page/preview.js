// Keeps the page of a report up to date while it is written: changes are made in place, and
// a bar at the bottom shows the progress, and links to the error, if any, and to the PDF.
(() => {
  const style = document.createElement("style");
  style.textContent = `
    footer { display: none; }
    body { padding-bottom: 4rem; }
    .stale { opacity: 0.45; transition: opacity 0.2s 0.5s; }
    #state { position: fixed; inset: auto 0 0 0; z-index: 9; display: flex; gap: 0.4rem 1rem;
      flex-wrap: wrap; align-items: baseline; padding: 0.4rem 1.25rem; font: 0.875rem/1.5 system-ui, sans-serif;
      background: var(--mark, Canvas); color: var(--ink, CanvasText); border-top: 1px solid var(--line, GrayText); }
    #state > span { flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; }
    #state button { font: inherit; color: inherit; background: none; cursor: pointer;
      border: 1px solid currentColor; border-radius: 0.3rem; padding: 0 0.6rem; }
    .wrong { margin: 1rem 0; padding: 0.6rem 0.9rem; border-left: 4px solid #c2410c; scroll-margin: 4rem;
      background: var(--mark, Canvas); font: 0.9375rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }`;
  document.head.append(style);
  const bar = document.createElement("aside");
  bar.id = "state";
  bar.innerHTML = `<span role="status"></span><a id="pdf" target="_blank" hidden>report.pdf</a>
    <button type="button">Make the PDF</button>`;
  document.body.append(bar);
  const [text, pdf, button] = bar.children;
  button.addEventListener("click", () => fetch("pdf", { method: "POST" }));

  const parse = (html) => new DOMParser().parseFromString(html, "text/html");
  const version = (page) => page.getElementById("watch").dataset.page;
  const script = document.getElementById("watch");
  let current = null; // the page as the server sent it
  let state = {}; // the latest, as the server sent it

  // Returns a copy whose scripts run; those of a parsed page do not.
  const withScripts = (element) => document.createRange().createContextualFragment(element.outerHTML);

  // Replaces the children of an element that have changed.
  const swap = (name, page) => {
    const [parent, oldParent, newParent] = [document, current, page].map((root) => root.querySelector(name));
    if (!parent || !oldParent || !newParent) return;
    const before = [...oldParent.children].map((child) => child.outerHTML);
    const after = [...newParent.children];
    const visible = [...parent.children].filter((child) => !child.matches(".wrong"));
    const same = (k, l) => before[k] === after[l].outerHTML;
    if (before.length === after.length) {
      for (const k of before.keys()) if (!same(k, k)) visible[k].replaceWith(withScripts(after[k]));
      return;
    }
    let first = 0, last = 0;
    const fewest = Math.min(before.length, after.length);
    while (first < fewest && same(first, first)) first++;
    while (last < fewest - first && same(before.length - 1 - last, after.length - 1 - last)) last++;
    const end = visible[visible.length - last] ?? null;
    for (const child of visible.slice(first, visible.length - last)) child.remove();
    for (const child of after.slice(first, after.length - last)) parent.insertBefore(withScripts(child), end);
  };

  // Makes a change without moving the text that is read: the first visible element stays put.
  const withoutScrolling = (change) => {
    const parts = [...document.querySelectorAll("main > *")];
    const anchor = parts.find((part) => part.getBoundingClientRect().bottom > 0 && part.offsetHeight);
    const index = parts.indexOf(anchor);
    const top = anchor?.getBoundingClientRect().top;
    change();
    const target = anchor?.isConnected ? anchor : document.querySelectorAll("main > *")[index];
    if (target && scrollY > 0) scrollBy({ top: target.getBoundingClientRect().top - top, behavior: "instant" });
  };

  const replace = (page) => {
    document.title = page.title;
    swap("nav ul", page);
    swap("main", page);
    current = page;
    document.dispatchEvent(new Event("swapped"));
  };

  const update = async () => {
    if (!current || version(current) !== state.page) {
      const page = parse(await (await fetch("./")).text());
      if (!current && version(page) === script.dataset.page) current = page;
      else if (!current?.querySelector("nav")) return location.reload();
      else withoutScrolling(() => replace(page));
    }
    withoutScrolling(() => {
      for (const old of document.querySelectorAll(".wrong")) old.remove();
      const from = state.stale && document.getElementById(`cell-${state.stale}`);
      for (const part of document.querySelectorAll("main > *")) {
        const after = from && from.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING;
        part.classList.toggle("stale", Boolean(after));
        if (!part.className) part.removeAttribute("class");
      }
      if (state.error) {
        const attributes = { className: "wrong", id: "wrong", role: "alert", textContent: state.error };
        const box = Object.assign(document.createElement("div"), attributes);
        const cell = state.cell && document.getElementById(`cell-${state.cell}`);
        if (cell) cell.after(box);
        else document.querySelector("main").prepend(box);
      }
    });
  };

  const showState = () => {
    const { at, doing, error, note, running, since, making, failed, made } = state;
    const seconds = Math.round(Date.now() / 1000 - since);
    const long = running && seconds > 2 ? ` for ${seconds} s: ${running}` : "";
    const messages = [
      doing && doing + long,
      !doing && error && "not up to date",
      !doing && !error && at && `up to date at ${at}`,
    ];
    text.textContent = [...messages, note, making, failed].filter(Boolean).join(" · ");
    if (error && !doing) {
      const link = { href: "#wrong", textContent: "see the error" };
      text.append(" · ", Object.assign(document.createElement("a"), link));
    }
    button.disabled = Boolean(making);
    pdf.hidden = !made;
    pdf.href = `report.pdf?${made}`;
  };
  setInterval(() => state.running && showState(), 1000);

  let updates = Promise.resolve();
  const events = new EventSource("events");
  events.onmessage = ({ data }) => {
    state = JSON.parse(data);
    showState();
    updates = updates.then(update, () => {});
  };
  events.onerror = () => (text.textContent = "the preview has ended: run make preview");
})();
