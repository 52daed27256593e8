// Additions to Streamlit's frame: on a phone the menu closes once a page was chosen, and messages about the connection
// or the address are Xfer's own. Texts: view.py.

export default function ({ data }) {
  const known = window.xferSurroundings;
  window.xferSurroundings = data;
  if (known) return; // one for the window; the words are those of the last page
  document.addEventListener("click", closeMenu);
  let due = 0;
  const look = () => {
    due = 0;
    replaceDialogs();
    letScroll();
  };
  // Growing curves change the page all the time: a few checks per second are enough.
  new MutationObserver(() => (due ||= setTimeout(look, 300))).observe(document.body, { childList: true, subtree: true });
  look();
}

// Content that scrolls sideways gets keyboard focus.
function letScroll() {
  for (const formula of document.querySelectorAll(".katex-display:not([tabindex])"))
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
}

function closeMenu(event) {
  if (!event.target.closest?.("[data-testid=stSidebarNavLink]")) return;
  const collapse = () => document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  if (matchMedia("(max-width: 768px)").matches) setTimeout(collapse, 100);
}

function replaceDialogs() {
  for (const dialog of document.querySelectorAll("[data-testid=stDialog]")) {
    const title = dialog.querySelector("h2")?.textContent ?? "";
    if (title === "Connection error") showBanner(window.xferSurroundings.gone, true);
    else if (title === "Page not found") showBanner(window.xferSurroundings.unknown, false);
    else continue;
    dialog.style.display = "none";
    dialog.querySelector("[aria-label=Close]")?.click();
  }
}

function showBanner(words, untilBack) {
  let banner = document.querySelector(".xfer-banner");
  if (!banner) {
    banner = document.createElement("div");
    banner.className = "xfer-banner";
    banner.setAttribute("role", "alert");
    document.body.append(banner);
    banner.onclick = () => banner.remove();
  }
  if (banner.textContent !== words) banner.textContent = words;
  clearInterval(banner.asking);
  if (!untilBack) setTimeout(() => banner.remove(), 12000);
  else
    banner.asking = setInterval(async () => {
      const answer = await fetch("/_stcore/health").catch(() => null);
      if (!answer?.ok) return;
      clearInterval(banner.asking);
      banner.remove();
    }, 2000);
}
