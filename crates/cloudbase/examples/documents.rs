//! A shopping list in the document database: adds, reads, changes and counts items, and takes them from the
//! stock in a transaction.
//!
//! Without configuration it starts the emulator within this process. With `CLOUDBASE_ENV_ID` and an API key
//! in `CLOUDBASE_ACCESS_KEY` it talks to the real service, where it needs the collections `shopping` and `stock`.

#![allow(clippy::print_stdout)]

use cloudbase::documents::{aggregate, asc, desc, in_};
use cloudbase::prelude::*;
use cloudbase::{Fields, Timestamp};
use cloudbase_emulator::Emulator;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Deserialize, Fields, Serialize)]
struct Item {
    #[serde(rename = "_id", skip_serializing)]
    id: String,
    name: String,
    shop: String,
    n: i32,
    bought: bool,
    added: Timestamp,
}

#[derive(Deserialize, Fields, Serialize)]
struct Stock {
    left: i32,
}

#[derive(Deserialize)]
struct ByShop {
    #[serde(rename = "_id")]
    shop: String,
    n: i64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let emulator = match std::env::var_os("CLOUDBASE_ENV_ID") {
        Some(_) => None,
        None => {
            let collections = json!({ "shopping": [], "stock": [] });
            Some(Emulator::builder().documents(collections).start().await?)
        }
    };
    let app = match &emulator {
        Some(emulator) => CloudBase::builder(emulator.env_id())
            .endpoint(emulator.endpoint())
            .access_key(emulator.api_key())
            .build()?,
        None => CloudBase::from_env()?,
    };
    let list = app.documents().collection("shopping");
    let stock = app.documents().collection("stock");
    stock.doc("milk").set(&Stock { left: 3 }).await?;

    let item = |name: &str, shop: &str, n| Item {
        id: String::new(),
        name: name.to_owned(),
        shop: shop.to_owned(),
        n,
        bought: false,
        added: Timestamp::now(),
    };
    let milk = list.add(&item("milk", "corner", 2)).await?.id;
    let more = [item("bread", "corner", 1), item("nails", "tools", 100)];
    let ids = list.add_many(&more).await?.ids;
    println!("added        milk as {milk}, {} more", ids.len());

    let open: Vec<Item> = list
        .filter(Item::BOUGHT.eq(false) & Item::N.lt(50))
        .order_by(asc("name"))
        .limit(20)
        .await?;
    for item in &open {
        println!(
            "to buy       {} × {} (item {}, since {})",
            item.n, item.name, item.id, item.added
        );
    }

    // Both or neither; begins again if somebody else takes milk at the same moment.
    let bought = milk.clone();
    let left = app
        .documents()
        .transaction(move |tx| {
            let bought = bought.clone();
            async move {
                let (shelf, item) = (
                    tx.collection("stock").doc("milk"),
                    tx.collection("shopping").doc(bought),
                );
                let needed: Item = item
                    .get()
                    .await?
                    .ok_or_else(|| Error::other("no such item"))?;
                let found: Stock = shelf.get().await?.ok_or_else(|| Error::other("no milk"))?;
                if found.left < needed.n {
                    return Err(Error::other("not enough milk"));
                }
                shelf.update(Stock::LEFT.inc(-needed.n)).await?;
                item.update(Item::BOUGHT.set(true)).await?;
                Ok(found.left - needed.n)
            }
        })
        .await?;
    println!("bought       milk, {left} left");

    let by_shop: Vec<ByShop> = list
        .aggregate()
        .match_(Item::BOUGHT.eq(false))
        .group("$shop", [aggregate::sum("n", "$n")])
        .sort([desc("n")])
        .await?;
    for ByShop { shop, n } in by_shop {
        println!("still        {n} from {shop}");
    }

    let removed = list.filter(Item::BOUGHT.eq(true)).remove().await?;
    println!("removed      {:?} bought", removed.deleted);
    list.filter(in_("name", ["bread", "nails"]))
        .remove()
        .await?;
    println!("left on list {}", list.count().await?);
    Ok(())
}
