// Asks now and then whether something arrived. Whoever is reading is told, whoever is not sees the page renewed.
"use strict";
const shown = Number(document.body.dataset.newest);
const more = document.getElementById("more");

async function look() {
  const health = await fetch("/health").then((answer) => answer.json()).catch(() => null);
  if (!health || health.newest === shown) return;
  if (window.scrollY === 0 && !document.querySelector("details[open]")) {
    location.reload();
  } else if (!more.firstChild) {
    const link = document.createElement("a");
    link.href = "/";
    link.textContent = "New messages have arrived: show them";
    more.append(link);
  }
}

setInterval(look, 2000);
