//! A pool as a strip from its first address to its last. If only a small part is planned, that part is enlarged below.

use super::MARGIN;
use super::canvas::{Area, Canvas};
use crate::address::Address;
use crate::network::{AddressPlan, Block, Design, Pool, PoolUse};
use crate::render::network::{Numbers, percent};
use crate::render::words::count;

const HEIGHT: f64 = 30.0;
/// How narrow a part is enlarged: less than a quarter of the pool.
const SMALL: f64 = 0.25;

/// Draws a pool from `y` downwards and returns where it ends.
pub(super) fn draw(canvas: &mut Canvas, key: &str, design: &Design, plan: &AddressPlan, y: f64) -> f64 {
    let (Some(pool), Some(used)) = (design.pools.get(key), plan.pools.get(key)) else { return y };
    let whole = Area { x: MARGIN, y: y + 14.0, width: canvas.width - 2.0 * MARGIN, height: HEIGHT };
    canvas.text((whole.x, y), "head", &format!("Pool {key}"));
    canvas.text((whole.x + 30.0 + 9.5 * (key.len() + 5) as f64, y), "cidr", &pool.cidr.to_string());
    canvas.text((whole.right(), y), "dim end", &numbers(key, design, plan));
    bar(canvas, whole, pool.cidr, pool, used);
    let Some(part) = part_in_use(used).filter(|part| (part.size() as f64) < pool.cidr.size() as f64 * SMALL) else {
        return legend(canvas, whole, pool);
    };
    let below = Area { y: whole.bottom() + 26.0, ..whole };
    let small = place(part, pool.cidr, whole);
    canvas.polygon(
        &[(small.x, whole.bottom()), (small.right().max(small.x + 1.0), whole.bottom()), (below.right(), below.y), (below.x, below.y)],
        "lens",
    );
    canvas.text((below.middle(), below.y - 8.0), "small middle", &format!("{part}, enlarged"));
    bar(canvas, below, part, pool, used);
    legend(canvas, below, pool)
}

fn numbers(key: &str, design: &Design, plan: &AddressPlan) -> String {
    let size = design.pools.get(key).map_or(0, |pool| pool.cidr.size());
    let Numbers { planned, free, vpcs } = Numbers::of(key, design, plan);
    let reserved = percent(size.saturating_sub(planned + free), size);
    format!("{}: {} planned · {reserved} reserved · {} free", count(vpcs, "VPC"), percent(planned, size), percent(free, size))
}

/// The smallest block that contains all VPCs of the pool, if there are several.
fn part_in_use(used: &PoolUse) -> Option<Block> {
    used.vpcs.values().copied().reduce(Block::join).filter(|_| used.vpcs.len() > 1)
}

/// The area of a block on the strip of another block.
pub(super) fn place(block: Block, whole: Block, area: Area) -> Area {
    let scale = area.width / whole.size() as f64;
    let offset = f64::from(block.first()) - f64::from(whole.first());
    Area { x: area.x + offset * scale, width: block.size() as f64 * scale, ..area }
}

/// The part of a pool that `shown` is.
fn bar(canvas: &mut Canvas, area: Area, shown: Block, pool: &Pool, used: &PoolUse) {
    canvas.rect(area, "free", 0.0);
    for block in pool.reserved.iter().filter(|block| shown.contains(**block)) {
        canvas.told(place(*block, shown, area), "reserved", &format!("{block} is reserved"));
    }
    let mut in_order: Vec<(Block, &Address)> = used.vpcs.iter().map(|(address, block)| (*block, address)).collect();
    in_order.sort_unstable();
    for (blocks, title) in runs(&in_order, shown, area) {
        let look = if blocks.width < 3.0 { "planned" } else { "planned cell" };
        canvas.told(blocks, look, &title);
    }
    canvas.rect(area, "edge", 0.0);
    canvas.text((area.x, area.bottom() + 14.0), "small", &std::net::Ipv4Addr::from(shown.first()).to_string());
    canvas.text((area.right(), area.bottom() + 14.0), "small end", &std::net::Ipv4Addr::from(shown.last()).to_string());
}

/// VPCs as areas. Neighbours that are too narrow to distinguish become one area, so that ten thousand VPCs do not make megabytes of SVG.
fn runs(in_order: &[(Block, &Address)], shown: Block, area: Area) -> Vec<(Area, String)> {
    let mut found: Vec<(Area, usize, String)> = Vec::new();
    for (block, address) in in_order.iter().filter(|(block, _)| shown.contains(*block)) {
        let own = place(*block, shown, area);
        match found.last_mut() {
            Some((run, vpcs, _)) if own.width < 3.0 && own.x - run.right() < 0.01 => {
                run.width = own.right() - run.x;
                *vpcs += 1;
            }
            Some(_) | None => found.push((Area { width: own.width.max(1.0), ..own }, 1, format!("{address} {block}"))),
        }
    }
    found.into_iter().map(|(run, vpcs, first)| (run, if vpcs > 1 { format!("{first} and {} more", vpcs - 1) } else { first })).collect()
}

/// What the looks mean. Returns where it ends.
fn legend(canvas: &mut Canvas, area: Area, pool: &Pool) -> f64 {
    let y = area.bottom() + 32.0;
    let reserved = if pool.reserved.is_empty() {
        None
    } else {
        let some: Vec<String> = pool.reserved.iter().take(3).map(Block::to_string).collect();
        let more = if pool.reserved.len() > 3 { ", …" } else { "" };
        Some(format!("reserved, never handed out: {}{more}", some.join(", ")))
    };
    let mut x = area.x;
    for (look, text) in [("planned", Some("planned VPC".to_owned())), ("free", Some("free".to_owned())), ("reserved", reserved)] {
        let Some(text) = text else { continue };
        let sample = Area { x, y: y - 10.0, width: 18.0, height: 12.0 };
        canvas.rect(sample, look, 0.0);
        canvas.rect(sample, "edge", 0.0);
        canvas.text((x + 25.0, y), "dim", &text);
        x += 50.0 + 7.0 * text.chars().count() as f64;
    }
    y + 8.0
}
