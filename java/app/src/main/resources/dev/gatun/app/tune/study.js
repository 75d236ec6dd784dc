// Sorts the table by a column, and copies the configuration; without it all is there to be read.
document.querySelectorAll('table.sorted').forEach(table => {
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    return isNaN(x) || isNaN(y) ? a.localeCompare(b) : x - y;
  };
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach(other => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const text = row => row.cells[column].textContent;
      const rows = Array.from(body.rows);
      const filled = rows.filter(row => text(row) !== '');
      filled.sort((a, b) => (down ? -1 : 1) * compare(text(a), text(b)));
      body.append(...filled, ...rows.filter(row => text(row) === ''));
    });
  });
});
document.querySelectorAll('#copy').forEach(button => button.addEventListener('click', () => {
  const selection = getSelection();
  selection.removeAllRanges();
  const range = document.createRange();
  range.selectNodeContents(document.getElementById('yaml'));
  selection.addRange(range);
  button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected';
}));
