// Before anything is drawn: the theme and language that were chosen last, and where scripts leave their data.
"use strict";
const FB = {
  text: {}, index: null, pairs: {}, runs: [], tests: {},
  words(content) { FB.text = content; },
  report(content) { FB.index = content; },
  dataset(content) { FB.pairs[content.file] = content; },
  training(content) { FB.runs = content; },
  significance(content) { FB.tests = content; },
  recall(key) { try { return localStorage.getItem("fusionbench." + key); } catch { return null; } },
  remember(key, value) { try { localStorage.setItem("fusionbench." + key, value); } catch { /* not allowed: forget */ } },
};
FB.root = document.documentElement.dataset.root;
FB.language = FB.recall("language") || ((navigator.language || "").startsWith("zh") ? "zh" : "en");
FB.theme = FB.recall("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.documentElement.dataset.theme = FB.theme;
document.documentElement.lang = FB.language === "zh" ? "zh-CN" : "en";
