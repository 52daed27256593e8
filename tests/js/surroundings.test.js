import { beforeEach, expect, test, vi } from "vitest";
import mount from "component:surroundings";

const data = { gone: "The server does not answer.", unknown: "This address is not known here." };

function dialog(title) {
  const made = document.body.appendChild(document.createElement("div"));
  made.dataset.testid = "stDialog";
  made.innerHTML = `<h2>${title}</h2><button aria-label="Close"></button>`;
  made.close = vi.fn();
  made.querySelector("button").onclick = made.close;
  return made;
}

const banner = () => document.querySelector(".xfer-banner");
const noticed = () => vi.advanceTimersByTimeAsync(300);

vi.useFakeTimers();
mount({ data }); // one for the window

beforeEach(noticed); // the page was emptied

test("an unknown address is one sentence that goes by itself", async () => {
  const shown = dialog("Page not found");
  await noticed();
  expect([banner().textContent, banner().getAttribute("role")]).toEqual([data.unknown, "alert"]);
  expect([shown.style.display, shown.close.mock.calls.length]).toEqual(["none", 1]);
  await vi.advanceTimersByTimeAsync(12000);
  expect(banner()).toBe(null);
});

test("a lost connection is said until the server answers", async () => {
  globalThis.fetch = vi.fn().mockRejectedValueOnce(new Error("refused")).mockResolvedValueOnce({ ok: false })
    .mockResolvedValueOnce({ ok: true });
  const shown = dialog("Connection error");
  await noticed();
  shown.remove();
  expect(banner().textContent).toBe(data.gone);
  await vi.advanceTimersByTimeAsync(4000);
  expect(banner()).not.toBe(null);
  await vi.advanceTimersByTimeAsync(2000);
  expect([banner(), fetch.mock.calls.length]).toEqual([null, 3]);
});

test("other dialogs stay", async () => {
  const shown = dialog("Delete this run?");
  await noticed();
  expect([banner(), shown.style.display, shown.close.mock.calls.length]).toEqual([null, "", 0]);
});

test("the words are those of the last page", async () => {
  mount({ data: { ...data, unknown: "Unbekannte Adresse" } });
  dialog("Page not found");
  await noticed();
  expect(banner().textContent).toBe("Unbekannte Adresse");
  banner().click();
  expect(banner()).toBe(null);
});

test.each([[true, 1], [false, 0]])("on a phone (%s) the menu closes once a page was chosen", (phone, times) => {
  globalThis.phone = phone;
  document.body.innerHTML = `<div data-testid="stSidebarCollapseButton"><button></button></div>
    <a data-testid="stSidebarNavLink"><span>Train</span></a>`;
  const collapse = (document.querySelector("button").onclick = vi.fn());
  document.querySelector("span").click();
  vi.advanceTimersByTime(100);
  expect(collapse).toHaveBeenCalledTimes(times);
});

test("a formula that scrolls sideways can be reached by the keyboard", async () => {
  for (const [width, room] of [[300, 200], [100, 200]]) {
    const formula = document.body.appendChild(document.createElement("div"));
    formula.className = "katex-display";
    Object.defineProperties(formula, { scrollWidth: { value: width }, clientWidth: { value: room } });
  }
  await noticed();
  expect([...document.querySelectorAll(".katex-display")].map(({ tabIndex }) => tabIndex)).toEqual([0, -1]);
});
