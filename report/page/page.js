// Previews the target of a link and the origin of a number, marks the current section in
// the contents, and scrolls to the live figure. The page also works without it.
(() => {
  const HIDE_DELAY = 200; // milliseconds
  const preview = document.getElementById("preview");
  const previewed = 'a[href^="#"]:not(nav a, .skip, .set), .claim';

  const build = document.querySelector('a[download="build.json"]').href;
  const { commit, changes } = JSON.parse(atob(build.split(",")[1]));
  const version = `commit: ${commit.slice(0, 12) || "none"}${changes && ", with changes"}`;
  const storeOrigin = (claim) => {
    claim.dataset.origin = `${claim.getAttribute("title")}\n${version}`;
    claim.removeAttribute("title"); // otherwise the browser would show it as well
  };

  // Copy the target of a link, without identifiers, which must be unique.
  const copyTarget = (link) => {
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return null;
    const copy = target.cloneNode(true);
    for (const part of [copy, ...copy.querySelectorAll("[id], [tabindex]")]) {
      part.removeAttribute("id");
      part.removeAttribute("tabindex");
    }
    return copy;
  };

  const show = (element) => {
    const origin = element.dataset.origin;
    const content = origin ?? copyTarget(element);
    if (!content) return;
    preview.replaceChildren(content);
    preview.classList.toggle("facts", origin !== undefined);
    preview.hidden = false;
    preview.scrollTop = 0;
    preview.style.left = preview.style.top = "0"; // so that it takes its natural width
    const box = element.getBoundingClientRect();
    const { width, height } = preview.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - width - 8);
    const below = box.bottom + height + 8 < window.innerHeight || box.top < height;
    const top = below ? box.bottom + 6 : box.top - height - 6;
    preview.style.left = `${Math.max(8, left) + window.scrollX}px`;
    preview.style.top = `${top + window.scrollY}px`;
    element.setAttribute("aria-describedby", "preview");
  };
  const hide = () => {
    preview.hidden = true;
    document.querySelector("[aria-describedby=preview]")?.removeAttribute("aria-describedby");
  };

  const onEnter = (event) => {
    const element = event.target.closest?.(previewed);
    if (element || preview.contains(event.target)) clearTimeout(timer);
    if (element && !preview.contains(element)) show(element);
  };
  // Hide late, so that the pointer can move on to the preview, which may need scrolling.
  let timer;
  const hideLater = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, HIDE_DELAY);
  };
  document.addEventListener("mouseover", onEnter);
  document.addEventListener("focusin", onEnter);
  document.addEventListener("mouseout", hideLater);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());

  const contents = document.querySelector("nav details");
  const wideScreen = matchMedia("(min-width: 70rem)");
  const fitContents = () => (contents.open = wideScreen.matches);
  wideScreen.onchange = fitContents;
  fitContents();
  // The Tab key stops only at elements that overflow, so that keys can scroll them.
  const sizes = new ResizeObserver((changed) => {
    for (const { target } of changed) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  });
  let entries, headings;
  const markCurrent = () => {
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
    for (const link of entries.values()) link.removeAttribute("aria-current");
    entries.get(passed.at(-1)?.id)?.setAttribute("aria-current", "location");
  };
  document.addEventListener("scroll", () => requestAnimationFrame(markCurrent), { passive: true });

  const prepare = () => {
    document.querySelectorAll(".claim[title]").forEach(storeOrigin);
    document.querySelectorAll(".scroll, .equation").forEach((part) => sizes.observe(part));
    entries = new Map();
    for (const link of contents.querySelectorAll("a")) entries.set(link.hash.slice(1), link);
    headings = [...entries.keys()].map((id) => document.getElementById(id));
    markCurrent();
    const live = document.querySelector(".wide");
    for (const link of document.querySelectorAll(".set")) {
      link.hidden = !live;
      // Later, so that the browser first stores where it was, for going back.
      link.onclick = () => setTimeout(() => live.scrollIntoView());
    }
  };
  document.addEventListener("swapped", prepare); // when `make preview` replaces the page
  prepare();
})();
