// SPDX-License-Identifier: MIT
//
// Looks at a page in frames of three widths and two colour schemes, and writes what it finds as JSON
// into <pre id=found>.  The pages themselves have no scripts; this one stands in the document around
// them.  check.py writes that document and judges what is found.
'use strict';

// A colour as [r, g, b, alpha]; null: it is none that text is written in.
function colour(text) {
    const m = text.match(/^rgba?\(([^)]*)\)$/);
    if (!m)
        return null;
    const part = m[1].split(/[ ,/]+/).map(Number);
    return [part[0], part[1], part[2], part.length > 3 ? part[3] : 1];
}

function over(top, below) {
    const a = top[3];
    return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a)).concat(1);
}

// Contrast as WCAG 2 has it.
function contrast(a, b) {
    const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
        const v = c[i] / 255;
        return sum + weight * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    }, 0);
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
}

function background(view, element) {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
        const c = colour(view.getComputedStyle(e).backgroundColor);
        if (c && c[3] > 0)
            layers.push(c);
        if (c && c[3] === 1)
            break;
    }
    return layers.reduceRight((below, top) => over(top, below), [255, 255, 255, 1]);
}

function texts(document) {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode())
        if (walker.currentNode.data.trim())
            found.push(walker.currentNode);
    return found;
}

// What is hard to read: [contrast, text].
function faint(view, document) {
    const found = [];
    for (const node of texts(document)) {
        const e = node.parentElement, style = view.getComputedStyle(e);
        if (!e.getClientRects().length || style.visibility === 'hidden')
            continue;
        const in_drawing = e.closest('svg') !== null;
        const ink = colour(in_drawing ? style.fill : style.color), paper = background(view, e);
        const ratio = ink ? contrast(over(ink, paper), paper) : 0;
        if (!(ratio >= 4.5))
            found.push([ratio, node.data.trim().slice(0, 60)]);
    }
    return found;
}

// What reaches beyond the page and cannot be scrolled to by itself.
function wide(view, document) {
    const found = [];
    for (const e of document.body.querySelectorAll('*')) {
        const box = e.getBoundingClientRect();
        if (box.right > view.innerWidth + 0.5 && box.width && !e.closest('.wide') && !e.closest('pre'))
            found.push(e.tagName + ' ' + e.textContent.trim().slice(0, 60));
    }
    return found;
}

// Texts of a drawing: the smallest in pixels of the screen, those cut off by its edge.
function drawing(svg) {
    const edge = svg.getBoundingClientRect(), scale = svg.getScreenCTM().a, cut = [];
    let smallest = Infinity, count = 0;
    for (const text of svg.querySelectorAll('text')) {
        const box = text.getBoundingClientRect();
        if (!text.textContent.trim())
            continue;
        count++;
        smallest = Math.min(smallest, scale * parseFloat(getComputedStyle(text).fontSize));
        if (box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 2 ||
            box.bottom > edge.bottom + 2)
            cut.push(text.textContent);
    }
    return { label: svg.getAttribute('aria-label'), texts: count, smallest, cut,
             shapes: svg.querySelectorAll('path, use, rect').length };
}

function look(frame) {
    const view = frame.contentWindow, document = view.document;
    document.querySelectorAll('details').forEach(d => { d.open = true; });
    const all = [...document.querySelectorAll('*')];
    const ids = all.map(e => e.id).filter(id => id);
    return {
        width: view.innerWidth,
        dark: view.matchMedia('(prefers-color-scheme: dark)').matches,
        paper: view.getComputedStyle(document.body).backgroundColor,
        height: document.documentElement.scrollHeight,
        beyond: document.documentElement.scrollWidth - view.innerWidth,
        wide: wide(view, document),
        faint: faint(view, document),
        tags: [...new Set(all.map(e => e.localName))].sort(),
        events: all.flatMap(e => e.getAttributeNames().filter(name => /^on/i.test(name))),
        twice: ids.filter((id, i) => ids.indexOf(id) !== i),
        figures: [...document.querySelectorAll('figure')].map(figure => ({
            id: figure.id,
            absent: [...figure.querySelectorAll('.absent')].map(e => e.textContent),
            rows: figure.querySelectorAll('tbody tr').length,
            drawings: [...figure.querySelectorAll('svg')].map(drawing),
            boxes: figure.querySelector('.box') ? 1 : 0,
        })),
        title: document.title,
        ran: view.ran === true,
    };
}

addEventListener('load', () => {
    const pre = document.createElement('pre');
    pre.id = 'found';
    pre.textContent = JSON.stringify([...document.querySelectorAll('iframe')].map(look));
    document.body.append(pre);
});
