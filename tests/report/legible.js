// The texts in sight that stand out too little from what is behind them: less than WCAG 2.1 asks for (1.4.3, AA: 4.5 to 1).
(() => {
  const channel = (value) => { const c = value / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  let looked = 0;
  for (const element of document.querySelectorAll("body *:not(script):not(style)")) {
    if (element.closest("svg") || !element.checkVisibility()) continue;
    if (![...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim())) continue;
    looked += 1;
    const [one, other] = [rgba(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${element.className} ${element.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return { looked, poor: [...new Set(poor)], ground: getComputedStyle(document.body).backgroundColor };
})()
