"use strict";
// Refreshes the page without a flash: asks for it again and carries over only what differs. Nothing here makes text into
// markup; the answer is parsed by the browser into a document whose scripts never run.

const REFRESH_MS = 2000;
const THEMES = ["system", "light", "dark"];

function chosenTheme() {
  try {
    return localStorage.getItem("theme") || "system";
  } catch {
    return "system";
  }
}

function applyTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

applyTheme(chosenTheme());

function offerThemes() {
  const button = document.getElementById("theme");
  const show = () => { button.textContent = `Theme: ${chosenTheme()}`; };
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length];
    try {
      localStorage.setItem("theme", next);
    } catch {
      // without storage the choice lasts until the page is left
    }
    applyTheme(next);
    show();
  });
  show();
}

// --- carrying over ---------------------------------------------------------------------------------

function sameKind(here, there) {
  return here.nodeType === there.nodeType && here.nodeName === there.nodeName
    && (here.nodeType !== Node.ELEMENT_NODE || here.dataset?.key === there.dataset?.key);
}

function carryAttributes(here, there) {
  for (const { name } of Array.from(here.attributes)) {
    if (!there.hasAttribute(name) && !(here.nodeName === "DETAILS" && name === "open")) here.removeAttribute(name);
  }
  for (const { name, value } of Array.from(there.attributes)) {
    if (here.getAttribute(name) !== value) here.setAttribute(name, value);
  }
}

function carry(here, there) {
  if (here.nodeType === Node.TEXT_NODE) {
    if (here.data !== there.data) here.data = there.data;
    return;
  }
  if (here.nodeType !== Node.ELEMENT_NODE) return;
  carryAttributes(here, there);
  const fresh = Array.from(there.childNodes);
  fresh.forEach((wanted, index) => {
    const present = here.childNodes[index];
    const key = wanted.nodeType === Node.ELEMENT_NODE ? wanted.dataset?.key : undefined;
    const known = key && Array.from(here.children).find((child) => child.dataset.key === key);
    if (known && known !== present) here.insertBefore(known, present || null);
    const target = known || present;
    if (target && sameKind(target, wanted)) carry(target, wanted);
    else here.insertBefore(document.importNode(wanted, true), target || null);
  });
  while (here.childNodes.length > fresh.length) here.lastChild.remove();
}

// --- refreshing ------------------------------------------------------------------------------------

let lastAnswer = new Date();

function lost(yes) {
  const line = document.getElementById("lost");
  if (line.hidden !== yes) return;
  line.hidden = !yes;
  line.textContent = yes ? `The console does not answer. This page is of ${lastAnswer.toLocaleTimeString()}.` : "";
}

function arrived(answer, status) {
  const main = answer && answer.getElementById("main");
  if (!main || status >= 500) {
    lost(true);
    return;
  }
  lastAnswer = new Date();
  lost(false);
  document.title = answer.title;
  carry(document.getElementById("main"), main);
  carry(document.getElementById("asof"), answer.getElementById("asof"));
}

function refresh() {
  if (document.hidden) {
    document.addEventListener("visibilitychange", refresh, { once: true });
    return;
  }
  const request = new XMLHttpRequest();
  request.open("GET", location.pathname + location.search);
  request.responseType = "document";
  request.timeout = 10000;
  request.onloadend = () => {
    arrived(request.response, request.status);
    setTimeout(refresh, REFRESH_MS);
  };
  request.send();
}

// --- keys ------------------------------------------------------------------------------------------

function step(by) {
  const links = Array.from(document.querySelectorAll("a.name"));
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
  links[next].focus();
}

const KEYS = { j: () => step(1), k: () => step(-1), n: () => location.assign("/"), a: () => location.assign("/alerts") };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const act = KEYS[event.key];
  if (act) act();
}

document.addEventListener("DOMContentLoaded", () => {
  offerThemes();
  document.addEventListener("keydown", pressed);
  if (document.querySelector("[data-live]")) setTimeout(refresh, REFRESH_MS);
});
