// What looks wrong in a page: texts of pictures that are cut or lie upon each other, what is wider than
// the window, text that hardly differs from what lies behind it.
() => {
  const faults = [];
  const seen = e => e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true});
  const short = t => (t || '').trim().slice(0, 40);
  if (document.documentElement.scrollWidth > innerWidth)
    faults.push(`the page is ${document.documentElement.scrollWidth} wide in ${innerWidth}`);
  for (const svg of document.querySelectorAll('svg')) {
    if (!seen(svg)) continue;
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]);
    for (const [t, b] of texts) {
      if (b.left < frame.left || b.right > frame.right || b.top < frame.top || b.bottom > frame.bottom)
        faults.push(`cut: ${short(t.textContent)}`);
      for (const [o, c] of texts)
        if (t !== o && b.left < c.right - 1 && c.left < b.right - 1 && b.top < c.bottom - 3 && c.top < b.bottom - 3)
          faults.push(`covered: ${short(t.textContent)} by ${short(o.textContent)}`);
      if (t.previousElementSibling?.matches('rect.plate')) {
        const p = t.previousElementSibling.getBoundingClientRect();
        if (b.left < p.left || b.right > p.right) faults.push(`out of its plate: ${short(t.textContent)}`);
      }
    }
  }
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = colour => {
    const [r, g, b] = [...rgb(colour)].slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (rgb(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const told = new Set();
  for (const e of document.querySelectorAll('main *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !seen(e) || e.closest('svg')) continue;
    const b = e.getBoundingClientRect();
    if (b.width && (b.left < -1 || b.right > innerWidth + 1)) faults.push(`beside the window: ${short(e.textContent)}`);
    const [one, two] = [light(getComputedStyle(e).color), light(behind(e))];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const key = `${getComputedStyle(e).color} on ${behind(e)}`;
    if (contrast < 4.5 && !told.has(key)) { told.add(key); faults.push(`contrast ${contrast.toFixed(1)}: ${key}: ${short(e.textContent)}`); }
  }
  return faults;
}
