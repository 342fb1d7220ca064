//! Shapes and text as SVG. Colours are CSS classes, so that one style sheet switches between light and dark.

use crate::render::markup::{Markup, Svg};

/// The looks. The media query is for browsers; programs that do not know it draw on light ground, and paper is light.
pub(in crate::render) const STYLE: &str = "
svg { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; font-size: 13px; }
.ground { fill: #ffffff; } text { fill: #1b2733; } .dim { fill: #5b6b7b; font-size: 12px; } .title { font-size: 24px; font-weight: 600; }
.head { font-size: 16px; font-weight: 600; } .bold { font-weight: 600; }
.cidr { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 13px; }
.small { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 11px; fill: #5b6b7b; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
.frame { fill: #f7f9fb; stroke: #7b8a99; stroke-width: 1.5; } .zone { fill: none; stroke: #a9b6c2; stroke-dasharray: 5 4; }
.outside { fill: #eef2f6; stroke: #7b8a99; } .igw { fill: #ffffff; stroke: #1f7a4d; stroke-width: 1.5; }
.nat { fill: #ffffff; stroke: #b45f06; stroke-width: 1.5; } .endpoint { fill: #ffffff; stroke: #7b8a99; } .inside { stroke: #3574c4; }
.free { fill: #e9eef3; } .edge { fill: none; stroke: #7b8a99; } .reserved { fill: url(#hatch); } .stripe { stroke: #7b8a99; stroke-width: 2; }
.planned { fill: #3574c4; } .cell { stroke: #ffffff; stroke-width: 0.75; } .lens { fill: #3574c4; opacity: 0.12; }
.wire { fill: none; stroke: #1f7a4d; stroke-width: 1.75; } .out { fill: none; stroke: #b45f06; stroke-width: 1.5; }
.green { fill: #1f7a4d; } .orange { fill: #b45f06; }
.t0 { fill: #d3efdf; stroke: #1f7a4d; } .t1 { fill: #d8e6f9; stroke: #3574c4; } .t2 { fill: #e7dcf6; stroke: #7547b5; }
.t3 { fill: #fbe7cc; stroke: #b45f06; } .t4 { fill: #fadbe2; stroke: #b8365a; } .t5 { fill: #d4eef0; stroke: #1c7c85; } .spare { opacity: 0.45; }
@media screen and (prefers-color-scheme: dark) {
.ground { fill: #10161d; } text { fill: #e4ebf2; } .dim, .small { fill: #9aa9b8; } .frame { fill: #161e27; stroke: #66788a; }
.zone { stroke: #4a5a6a; } .outside { fill: #1d2732; stroke: #66788a; } .igw, .nat, .endpoint { fill: #10161d; } .inside { stroke: #5b9bea; }
.igw, .wire { stroke: #4cc38a; } .nat, .out { stroke: #f0a04b; } .green { fill: #4cc38a; } .orange { fill: #f0a04b; }
.free { fill: #26323e; } .edge { stroke: #66788a; } .stripe { stroke: #8496a8; } .planned, .lens { fill: #5b9bea; } .cell { stroke: #10161d; }
.t0 { fill: #14382a; stroke: #4cc38a; } .t1 { fill: #173353; stroke: #5b9bea; } .t2 { fill: #33234f; stroke: #a884e0; }
.t3 { fill: #43300f; stroke: #f0a04b; } .t4 { fill: #481c2a; stroke: #e77793; } .t5 { fill: #10393d; stroke: #4fb9c4; }
}
";

/// The beginning of [`STYLE`], which identifies overlord's own drawings.
pub(in crate::render) const MARK: &str =
    "svg { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; font-size: 13px; }";

/// The looks of tiers whose names say what they are.
pub(in crate::render) const NAMED_LOOKS: [(&str, &str); 3] = [("public", "t0"), ("shared", "t1"), ("private", "t2")];
/// The looks of all others, in turn.
pub(in crate::render) const OTHER_LOOKS: [&str; 3] = ["t3", "t4", "t5"];

/// A point, from the upper left corner.
pub(in crate::render) type Point = (f64, f64);

/// A rectangle.
#[derive(Debug, Clone, Copy)]
pub(in crate::render) struct Area {
    pub(in crate::render) x: f64,
    pub(in crate::render) y: f64,
    pub(in crate::render) width: f64,
    pub(in crate::render) height: f64,
}

impl Area {
    pub(in crate::render) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(in crate::render) fn bottom(self) -> f64 {
        self.y + self.height
    }

    pub(in crate::render) fn middle(self) -> f64 {
        self.x + self.width / 2.0
    }
}

/// A drawing that grows downwards.
pub(in crate::render) struct Canvas {
    pub(in crate::render) width: f64,
    body: Markup<Svg>,
}

impl Canvas {
    pub(in crate::render) fn new(width: f64) -> Self {
        Self { width, body: Markup::new() }
    }

    pub(in crate::render) fn text(&mut self, (x, y): Point, class: &str, text: &str) {
        let at = &mut self.body;
        at.own("<text x=\"").text(format_args!("{x:.1}")).own("\" y=\"").text(format_args!("{y:.1}"));
        at.own("\" class=\"").text(class).own("\">").text(text).own("</text>\n");
    }

    pub(in crate::render) fn rect(&mut self, area: Area, class: &str, radius: f64) {
        let Area { x, y, width, height } = area;
        let at = &mut self.body;
        at.own("<rect x=\"").text(format_args!("{x:.1}")).own("\" y=\"").text(format_args!("{y:.1}"));
        at.own("\" width=\"").text(format_args!("{width:.1}")).own("\" height=\"").text(format_args!("{height:.1}"));
        at.own("\" rx=\"").text(radius).own("\" class=\"").text(class).own("\"/>\n");
    }

    /// A rectangle that says what it is when pointed at.
    pub(in crate::render) fn told(&mut self, area: Area, class: &str, title: &str) {
        let Area { x, y, width, height } = area;
        let at = &mut self.body;
        at.own("<rect x=\"").text(format_args!("{x:.2}")).own("\" y=\"").text(format_args!("{y:.1}"));
        at.own("\" width=\"").text(format_args!("{width:.2}")).own("\" height=\"").text(format_args!("{height:.1}"));
        at.own("\" class=\"").text(class).own("\"><title>").text(title).own("</title></rect>\n");
    }

    pub(in crate::render) fn polygon(&mut self, points: &[Point], class: &str) {
        self.body.own("<polygon points=\"").text(listed(points)).own("\" class=\"").text(class).own("\"/>\n");
    }

    /// A line through points; `ends` are further attributes, such as arrow heads.
    pub(in crate::render) fn line(&mut self, points: &[Point], class: &str, ends: &'static str) {
        self.body.own("<polyline points=\"").text(listed(points)).own("\" class=\"").text(class).own("\" ").own(ends).own("/>\n");
    }

    /// The whole, of that height.
    pub(in crate::render) fn finish(self, height: f64) -> String {
        let Self { width, body } = self;
        let mut svg = Markup::<Svg>::new();
        svg.own("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ").text(format_args!("{width:.0} {height:.0}"));
        svg.own("\" width=\"").text(format_args!("{width:.0}")).own("\" height=\"").text(format_args!("{height:.0}"));
        svg.own("\">\n<style>").own(STYLE).own("</style>\n").and(&definitions());
        svg.own("\n<rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n").and(&body).own("</svg>\n");
        svg.finish()
    }

    /// The same for a page that has [`STYLE`] and [`definitions`] itself; `says` describes the content for screen readers.
    pub(in crate::render) fn finish_within(self, height: f64, says: &str) -> Markup<Svg> {
        let Self { width, body } = self;
        let mut svg = Markup::new();
        svg.own("<svg viewBox=\"0 0 ").text(format_args!("{width:.0} {height:.0}"));
        svg.own("\" width=\"").text(format_args!("{width:.0}")).own("\" height=\"").text(format_args!("{height:.0}"));
        svg.own("\" role=\"img\" aria-label=\"").text(says).own("\">\n").and(&body).own("</svg>\n");
        svg
    }
}

/// What shapes refer to: arrow heads and hatching.
pub(in crate::render) fn definitions() -> Markup<Svg> {
    let mut svg = Markup::new();
    svg.own("<defs>");
    for (id, look) in [("in", "green"), ("out", "orange")] {
        svg.own("<marker id=\"").own(id);
        svg.own(r#"" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse">"#);
        svg.own("<path d=\"M0 0L10 5L0 10z\" class=\"").own(look).own("\"/></marker>");
    }
    svg.own(r#"<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">"#);
    svg.own(r#"<path d="M0 0V6" class="stripe"/></pattern></defs>"#);
    svg
}

fn listed(points: &[Point]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}
