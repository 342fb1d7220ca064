"use strict";
// Accounts are drawn when somebody looks at them: 5,000 of them are data, and only those in sight are elements. All text goes in as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const AT_ONCE = 200, HITS = 100, PRINTED = 500;
  const units = [...document.querySelectorAll("details.unit")];

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };
  const link = (target, text, className) => {
    const made = element("a", className, text);
    made.href = "#" + encodeURIComponent(target);
    return made;
  };
  const plural = (n, one) => n.toLocaleString("en") + " " + one + (n === 1 ? "" : "s");

  const split = (shares) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "split");
    svg.setAttribute("viewBox", "0 0 100 10");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${shares[0]} % pass, ${shares[1]} % under conditions, ${shares[2]} % denied`);
    let x = 0;
    shares.forEach((share, which) => {
      const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      part.setAttribute("class", "pcd"[which]);
      part.setAttribute("x", x);
      part.setAttribute("width", share);
      part.setAttribute("height", 10);
      svg.append(part);
      x += share;
    });
    return svg;
  };
  const chip = (policy) => link("policy-" + policy, data.policies[policy][1], "chip " + data.policies[policy][0]);
  const chips = (policies) => element("span", "chips", ...policies.map(chip));

  const marks = (account) => {
    const found = element("span", "push chips");
    account.marks.forEach(([look, text]) => found.append(element("span", "mark " + look, text)));
    if (account.findings.length > 0) found.append(element("span", "mark warn", plural(account.findings.length, "finding")));
    return found;
  };
  const above = (account) => {
    const way = [];
    for (let unit = account.unit; unit !== null; unit = data.units[unit].parent) way.unshift(unit);
    return way;
  };

  const body = (account) => {
    const facts = element("dl", "facts");
    const fact = (name, ...content) => facts.append(element("dt", "", name), element("dd", "", ...content));
    fact("Lies in", above(account).map((unit) => data.units[unit].name).join(" › "));
    account.told.forEach((text) => fact("Note", text));
    for (const unit of above(account)) {
      if (data.units[unit].policies.length > 0) fact("From " + data.units[unit].name, chips(data.units[unit].policies));
    }
    fact("Its own", account.policies.length > 0 ? chips(account.policies) : "none");
    if (account.restriction !== null) {
      const inside = document.querySelector(`#class-${account.restriction} > .inside`).cloneNode(true);
      inside.querySelector(".members").remove();
      fact("Guardrails", link("class-" + account.restriction, "class " + (account.restriction + 1)), inside);
    } else if (account.management) {
      fact("Guardrails", "do not bind the management account");
    }
    account.standings.forEach(([framework, look, text]) => fact(framework, element("span", "mark " + look, text)));
    account.vpcs.forEach((vpc) => fact("VPC", element("span", "cidr", vpc)));
    if (account.usd) fact("Network costs", account.usd + " USD a month");
    for (const finding of account.findings) {
      const line = data.findings[finding];
      fact("Differs", line[1] ? link("finding-" + finding, line[0]) : line[0]);
    }
    return element("div", "body", facts);
  };

  const row = (account) => {
    const made = element("details", "account");
    made.id = "account-" + account.key;
    const shares = account.restriction === null ? null : data.shares[account.restriction];
    made.append(element("summary", "row",
      element("span", "name", account.name && account.name !== account.key ? `${account.key} · ${account.name}` : account.key),
      element("span", "id dim", account.id || "no id yet"),
      element("span", "dim", account.team || ""),
      shares ? split(shares) : element("span", ""),
      marks(account)));
    made.addEventListener("toggle", () => {
      if (made.open && !made.querySelector(".body")) made.append(body(account));
    });
    return made;
  };

  const fill = (place, accounts, atOnce) => {
    place.replaceChildren(...accounts.slice(0, atOnce).map(row));
    if (accounts.length > atOnce) {
      const more = element("button", "", `Show all ${accounts.length.toLocaleString("en")}`);
      more.type = "button";
      more.addEventListener("click", () => fill(place, accounts, accounts.length));
      place.append(more);
    }
  };
  const members = data.units.map(() => []);
  data.accounts.forEach((account) => members[account.unit].push(account));
  const open = (unit, atOnce = AT_ONCE) => {
    const place = units[unit].querySelector(":scope > .accounts");
    if (place.childElementCount === 0) fill(place, members[unit], atOnce);
  };
  units.forEach((details, unit) => {
    details.addEventListener("toggle", () => { if (details.open) open(unit); });
    if (details.open) open(unit);
  });

  // Search: every word must be found in the key, name, id, OU or team.
  const text = data.accounts.map((account) => [account.key, account.name, account.id, account.team,
    ...above(account).flatMap((unit) => [data.units[unit].name, data.units[unit].id])].filter(Boolean).join("\n").toLowerCase());
  const input = document.getElementById("search"), results = document.getElementById("results"), tree = document.getElementById("tree");
  const said = document.getElementById("said");
  const search = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    results.hidden = words.length === 0;
    tree.hidden = words.length > 0;
    said.textContent = "";
    results.replaceChildren();
    if (words.length === 0) return;
    const hits = data.accounts.filter((_, number) => words.every((word) => text[number].includes(word)));
    fill(results, hits, HITS);
    said.textContent = `${hits.length.toLocaleString("en")} of ${plural(data.accounts.length, "account")}`;
  };
  input.addEventListener("input", () => {
    search();
    const section = document.getElementById("organization");
    if (section.getBoundingClientRect().top > window.innerHeight * 0.6 || section.getBoundingClientRect().bottom < 120) section.scrollIntoView();
  });
  input.addEventListener("keydown", (event) => { if (event.key === "Escape") { input.value = ""; search(); } });

  // `#account-<key>`, `#<id>`: the account, with all that is above it open.
  const follow = () => {
    let wanted;
    try { wanted = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    if (!wanted) return;
    const account = data.accounts.find((one) => "account-" + one.key === wanted || one.id === wanted);
    if (account) {
      input.value = "";
      search();
      above(account).forEach((unit) => { units[unit].open = true; });
      open(account.unit, members[account.unit].length);
      let shown = document.getElementById("account-" + account.key);
      if (!shown) {
        fill(units[account.unit].querySelector(":scope > .accounts"), members[account.unit], members[account.unit].length);
        shown = document.getElementById("account-" + account.key);
      }
      document.querySelectorAll(".account.found").forEach((other) => other.classList.remove("found"));
      shown.classList.add("found");
      shown.open = true;
      shown.scrollIntoView();
      return;
    }
    const target = document.getElementById(wanted);
    if (target instanceof HTMLDetailsElement) target.open = true;
    if (target) target.scrollIntoView();
  };
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    // The same link again is no change of the address.
    const anchor = event.target.closest && event.target.closest("a[href^='#']");
    if (anchor && anchor.getAttribute("href") === location.hash) follow();
  });
  follow();

  for (const [id, state] of [["unfold", true], ["fold", false]]) {
    document.getElementById(id).addEventListener("click", () => units.forEach((unit, number) => { unit.open = state || number === 0; }));
  }

  // Paper has no folds: the tree is opened, with its accounts where they are few.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    const folds = data.accounts.length > PRINTED ? [] : units;
    opened = [...folds, ...document.querySelectorAll(".printed")].filter((details) => !details.open);
    opened.forEach((details) => { details.open = true; });
    folds.forEach((_, unit) => open(unit, PRINTED));
  });
  window.addEventListener("afterprint", () => { opened.forEach((details) => { details.open = false; }); });
})();
