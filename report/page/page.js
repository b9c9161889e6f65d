// Shows what a link or a number leads to, marks where the reader is in the contents,
// and leads to the live figure. The page is whole without it.
(() => {
  const GRACE = 200; // milliseconds
  const preview = document.getElementById("preview");
  const shown = 'a[href^="#"]:not(nav a, .skip, .set), .claim';

  const carried = document.querySelector('a[download="build.json"]').href;
  const { commit, changes } = JSON.parse(atob(carried.split(",")[1]));
  const version = `commit: ${commit.slice(0, 12) || "none"}${changes && ", with changes"}`;
  const note = (claim) => {
    claim.dataset.origin = `${claim.getAttribute("title")}\n${version}`;
    claim.removeAttribute("title"); // else the browser would show it as well
  };

  // What the preview of a link shows: a copy without identifiers, which are unique.
  const copy = (link) => {
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return null;
    const made = target.cloneNode(true);
    for (const part of [made, ...made.querySelectorAll("[id], [tabindex]")]) {
      part.removeAttribute("id");
      part.removeAttribute("tabindex");
    }
    return made;
  };

  const show = (from) => {
    const origin = from.dataset.origin;
    const content = origin ?? copy(from);
    if (!content) return;
    preview.replaceChildren(content);
    preview.classList.toggle("facts", origin !== undefined);
    preview.hidden = false;
    preview.scrollTop = 0;
    preview.style.left = preview.style.top = "0"; // it is as wide as it wants to be
    const place = from.getBoundingClientRect();
    const { width, height } = preview.getBoundingClientRect();
    const left = Math.min(place.left, document.documentElement.clientWidth - width - 8);
    const below = place.bottom + height + 8 < window.innerHeight || place.top < height;
    const top = below ? place.bottom + 6 : place.top - height - 6;
    preview.style.left = `${Math.max(8, left) + window.scrollX}px`;
    preview.style.top = `${top + window.scrollY}px`;
    from.setAttribute("aria-describedby", "preview");
  };
  const hide = () => {
    preview.hidden = true;
    document.querySelector("[aria-describedby=preview]")?.removeAttribute("aria-describedby");
  };

  const on = (event) => {
    const from = event.target.closest?.(shown);
    if (from || preview.contains(event.target)) clearTimeout(hiding);
    if (from && !preview.contains(from)) show(from);
  };
  // A pointer may go on to the preview, which may be longer than it is high.
  let hiding;
  const soon = () => {
    clearTimeout(hiding);
    hiding = setTimeout(hide, GRACE);
  };
  document.addEventListener("mouseover", on);
  document.addEventListener("focusin", on);
  document.addEventListener("mouseout", soon);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());

  const contents = document.querySelector("nav details");
  const beside = matchMedia("(min-width: 70rem)");
  const fit = () => (contents.open = beside.matches);
  beside.onchange = fit;
  fit();
  // Only what is wider than its place stops the Tab key: it is scrolled by keys.
  const sizes = new ResizeObserver((changed) => {
    for (const { target } of changed) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  });
  let entries, headings;
  const mark = () => {
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
    for (const link of entries.values()) link.removeAttribute("aria-current");
    entries.get(passed.at(-1)?.id)?.setAttribute("aria-current", "location");
  };
  document.addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });

  const prepare = () => {
    document.querySelectorAll(".claim[title]").forEach(note);
    document.querySelectorAll(".scroll, .equation").forEach((part) => sizes.observe(part));
    entries = new Map();
    for (const link of contents.querySelectorAll("a")) entries.set(link.hash.slice(1), link);
    headings = [...entries.keys()].map((id) => document.getElementById(id));
    mark();
    const live = document.querySelector(".wide");
    for (const link of document.querySelectorAll(".set")) {
      link.hidden = !live;
      // Later, so that a browser that goes back knows where it was.
      link.onclick = () => setTimeout(() => live.scrollIntoView());
    }
  };
  document.addEventListener("swapped", prepare); // by a preview
  prepare();
})();
