//! Aligned text for a terminal: headings, labelled rows, columns, colour.
//!
//! Contract: pure; strings in, one string out, no line with a trailing space. The caller has
//! made foreign strings harmless. Where the terminal's width is known lines are broken to
//! it, else they stay whole for `grep`.

use super::text::{columns, padded, wrapped};

use crate::few::Listed;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    pub unicode: bool,
    /// Columns; `None` where the output is no terminal.
    pub width: Option<usize>,
}

impl Style {
    /// For a file or a pipe.
    pub const PLAIN: Style = Style { colour: false, unicode: true, width: None };

    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Plain => return text.to_string(),
            Paint::Bold => "1",
            Paint::Good => "32",
            Paint::Warn => "33",
            Paint::Bad => "31",
            Paint::Dim => "2",
        };
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Bold,
    Good,
    Warn,
    Bad,
    Dim,
}

/// Columns before the values.
const INDENT: usize = 2;
const LABEL: usize = 13;
/// Below this a value is not broken: the terminal does it better.
const NARROWEST: usize = 16;

/// Text that grows from top to bottom.
pub struct Page<'a> {
    style: &'a Style,
    text: String,
}

impl<'a> Page<'a> {
    pub fn new(style: &'a Style) -> Self {
        Page { style, text: String::new() }
    }

    /// A bold name, then parts in their colours; an empty line before it, except at the top.
    pub fn heading(&mut self, name: &str, parts: &[(Paint, String)]) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let mut line = self.style.paint(Paint::Bold, name);
        for (paint, part) in parts {
            line.push_str(&self.style.paint(*paint, part));
        }
        self.line(&line);
    }

    /// A label and its value, aligned under those before; none where there is no value.
    pub fn row(&mut self, label: &str, value: &str) {
        self.painted_row(label, Paint::Plain, value);
    }

    pub fn painted_row(&mut self, label: &str, paint: Paint, value: &str) {
        if value.is_empty() {
            return;
        }
        let room = self.style.width.map_or(usize::MAX, |width| width.saturating_sub(INDENT + LABEL));
        let room = if room < NARROWEST { usize::MAX } else { room };
        let mut label = label;
        for line in wrapped(value, room) {
            let start = format!("{:INDENT$}{}", "", padded(label, LABEL));
            let start = self.style.paint(Paint::Dim, &start);
            let line = self.style.paint(paint, line.trim_end());
            self.line(&format!("{start}{line}"));
            label = "";
        }
    }

    pub fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Columns under their heads; a column without a single value is left out.
    pub fn columns(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        let widths = widths(heads, rows);
        let heads: Vec<String> = heads.iter().map(|head| head.to_string()).listed();
        let head = joined(&heads, &widths);
        self.line(&self.style.paint(Paint::Dim, head.trim_end()));
        for row in rows {
            self.line(&joined(row, &widths));
        }
    }

    pub fn finish(self) -> String {
        self.text
    }
}

/// Columns that a table takes, with two spaces between them.
pub fn table_width(heads: &[&str], rows: &[Vec<String>]) -> usize {
    let widths = widths(heads, rows);
    widths.iter().flatten().map(|width| width + 2).sum::<usize>().saturating_sub(2)
}

/// `None` for a column to leave out.
fn widths(heads: &[&str], rows: &[Vec<String>]) -> Vec<Option<usize>> {
    let width = |(index, head): (usize, &&str)| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| columns(cell));
        cells.max().filter(|widest| *widest > 0).map(|widest| widest.max(columns(head)))
    };
    heads.iter().enumerate().map(width).listed()
}

fn joined(cells: &[String], widths: &[Option<usize>]) -> String {
    let shown = cells.iter().zip(widths).filter_map(|(cell, width)| width.map(|width| padded(cell, width)));
    shown.listed().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_aligned_and_broken_to_the_terminals_width() {
        let style = Style { width: Some(40), ..Style::PLAIN };
        let mut page = Page::new(&style);
        page.heading("wan", &[(Paint::Good, ": up".to_string())]);
        page.row("DNS", "2620:fe::fe 2620:fe::9 9.9.9.9");
        page.row("note", "");
        page.heading("wan2", &[]);
        let expected = "\
wan: up
  DNS          2620:fe::fe 2620:fe::9
               9.9.9.9

wan2
";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn a_terminal_too_narrow_for_the_labels_breaks_lines_itself() {
        let style = Style { width: Some(20), ..Style::PLAIN };
        let mut page = Page::new(&style);
        page.row("DNS", "2620:fe::fe 2620:fe::9");
        assert_eq!(page.finish(), "  DNS          2620:fe::fe 2620:fe::9\n");
    }

    #[test]
    fn colour_is_only_where_the_style_has_it() {
        let style = Style { colour: true, ..Style::PLAIN };
        assert_eq!(style.paint(Paint::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Style::PLAIN.paint(Paint::Bad, "x"), "x");
    }

    #[test]
    fn a_column_without_values_is_left_out() {
        let style = Style::PLAIN;
        let mut page = Page::new(&style);
        let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
        page.columns(&["ID", "RSSI", "BARS"], &[row(["a", "", "3"]), row(["modem", "", "4"])]);
        assert_eq!(page.finish(), "ID     BARS\na      3\nmodem  4\n");
    }
}
