// Draws a table from data. Every text enters as textContent: nothing a record holds can become markup.
export default function (component) {
  const { data, parentElement } = component
  const host = parentElement.querySelector(".scroll")
  if (!host) return
  const table = document.createElement("table")
  if (data.alt) table.setAttribute("aria-label", data.alt)

  const cell = (tag, text, className) => {
    const made = document.createElement(tag)
    if (className) made.className = className
    if (text !== undefined && text !== null) made.textContent = text
    return made
  }

  const head = document.createElement("tr")
  head.append(cell("th", data.label || ""))
  for (const column of data.columns) {
    const th = cell("th", column.title)
    th.setAttribute("scope", "col")
    if (column.subtitle) th.append(cell("span", column.subtitle, "sub"))
    head.append(th)
  }
  const thead = document.createElement("thead")
  thead.append(head)
  table.append(thead)

  const body = document.createElement("tbody")
  for (const row of data.rows) {
    const tr = cell("tr", null, row.kind)
    if (row.kind === "gap") {
      const td = cell("td", row.label)
      td.colSpan = data.columns.length + 1
      tr.append(td)
      body.append(tr)
      continue
    }
    const label = cell("th", row.label, "row")
    label.setAttribute("scope", "row")
    tr.append(label)
    for (const value of row.cells) {
      if (value.parts.length === 0) {
        tr.append(cell("td", value.blank || "empty", "empty " + (value.isNote ? "note " : "") + (value.tone || "")))
        continue
      }
      const td = cell("td", null, value.tone || "")
      for (const part of value.parts) td.append(part[1] ? cell("mark", part[0]) : document.createTextNode(part[0]))
      if (value.isNote) td.classList.add("note")
      tr.append(td)
    }
    body.append(tr)
  }
  table.append(body)
  host.replaceChildren(table)
}
