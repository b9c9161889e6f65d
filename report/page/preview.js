// Keeps a page that is being written up to date: each change is put in its place, and a
// line at the bottom says what is done, what is wrong, and whether there is a PDF.
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
  let shown = null; // the page as it was sent
  let wanted = {};

  // A copy whose scripts run, which those of a parsed page do not.
  const alive = (element) => document.createRange().createContextualFragment(element.outerHTML);

  // Replaces, among the children of an element, those that are others now.
  const swap = (name, page) => {
    const place = document.querySelector(name), before = shown.querySelector(name), after = page.querySelector(name);
    if (!place || !before || !after) return;
    const old = [...before.children].map((child) => child.outerHTML);
    const now = [...after.children];
    const there = [...place.children].filter((child) => !child.matches(".wrong"));
    const same = (k, l) => old[k] === now[l].outerHTML;
    if (old.length === now.length) {
      for (const k of old.keys()) if (!same(k, k)) there[k].replaceWith(alive(now[k]));
      return;
    }
    let first = 0, last = 0;
    const fewest = Math.min(old.length, now.length);
    while (first < fewest && same(first, first)) first++;
    while (last < fewest - first && same(old.length - 1 - last, now.length - 1 - last)) last++;
    const end = there[there.length - last] ?? null;
    for (const child of there.slice(first, there.length - last)) child.remove();
    for (const child of now.slice(first, now.length - last)) place.insertBefore(alive(child), end);
  };

  // Keeps what one reads where it is: the first element on the screen stays there.
  const keeping = (change) => {
    const parts = [...document.querySelectorAll("main > *")];
    const read = parts.find((part) => part.getBoundingClientRect().bottom > 0 && part.offsetHeight);
    const index = parts.indexOf(read);
    const top = read?.getBoundingClientRect().top;
    change();
    const still = read?.isConnected ? read : document.querySelectorAll("main > *")[index];
    if (still && scrollY > 0) scrollBy({ top: still.getBoundingClientRect().top - top, behavior: "instant" });
  };

  const replace = (page) => {
    document.title = page.title;
    swap("nav ul", page);
    swap("main", page);
    shown = page;
    document.dispatchEvent(new Event("swapped"));
  };

  const update = async () => {
    if (!shown || version(shown) !== wanted.page) {
      const page = parse(await (await fetch("./")).text());
      if (!shown && version(page) === script.dataset.page) shown = page;
      else if (!shown?.querySelector("nav")) return location.reload();
      else keeping(() => replace(page));
    }
    keeping(() => {
      for (const old of document.querySelectorAll(".wrong")) old.remove();
      const from = wanted.stale && document.getElementById(`cell-${wanted.stale}`);
      for (const part of document.querySelectorAll("main > *")) {
        const after = from && from.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING;
        part.classList.toggle("stale", Boolean(after));
        if (!part.className) part.removeAttribute("class");
      }
      if (wanted.error) {
        const about = { className: "wrong", id: "wrong", role: "alert", textContent: wanted.error };
        const box = Object.assign(document.createElement("div"), about);
        const cell = wanted.cell && document.getElementById(`cell-${wanted.cell}`);
        if (cell) cell.after(box);
        else document.querySelector("main").prepend(box);
      }
    });
  };

  const say = () => {
    const { at, doing, error, note, running, since, making, failed, made } = wanted;
    const seconds = Math.round(Date.now() / 1000 - since);
    const long = running && seconds > 2 ? ` for ${seconds} s: ${running}` : "";
    const said = [
      doing && doing + long,
      !doing && error && "not up to date",
      !doing && !error && at && `up to date at ${at}`,
    ];
    text.textContent = [...said, note, making, failed].filter(Boolean).join(" · ");
    if (error && !doing) {
      const link = { href: "#wrong", textContent: "what is wrong" };
      text.append(" · ", Object.assign(document.createElement("a"), link));
    }
    button.disabled = Boolean(making);
    pdf.hidden = !made;
    pdf.href = `report.pdf?${made}`;
  };
  setInterval(() => wanted.running && say(), 1000);

  let turn = Promise.resolve();
  const events = new EventSource("events");
  events.onmessage = ({ data }) => {
    wanted = JSON.parse(data);
    say();
    turn = turn.then(update, () => {});
  };
  events.onerror = () => (text.textContent = "the preview has ended: make preview");
})();
