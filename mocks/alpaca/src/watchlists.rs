use uuid::Uuid;

/// A named list of assets.
#[derive(Clone, Debug)]
pub struct Watchlist {
    pub id: Uuid,
    pub name: String,
    pub created_at: i64,
    pub updated_at: i64,
    /// Indices of assets, in the customer's order.
    pub assets: Vec<usize>,
}
