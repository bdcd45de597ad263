//! A map of a few entries, in the order of their keys; and short lists.
//!
//! Why not `BTreeMap`? Its code is made anew for each pair of types, two to four kilobytes of a
//! router's flash, and pays off from hundreds of entries on: what is kept here are sessions,
//! requests under way, names.

use std::borrow::Borrow;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Few(Vec::new())
    }
}

impl<K: Ord, V> Few<K, V> {
    fn at<Q: Eq + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.0.iter().position(|(own, _)| own.borrow() == key)
    }

    pub fn get<Q: Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.iter().find(|(own, _)| own.borrow() == key).map(|(_, value)| value)
    }

    pub fn get_mut<Q: Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.0.iter_mut().find(|(own, _)| (*own).borrow() == key).map(|(_, value)| value)
    }

    pub fn contains_key<Q: Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.at(key).is_some()
    }

    /// Puts `value` in the place of the one that there was.
    pub fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        let at = self.0.iter().take_while(|(own, _)| *own < key).count();
        self.0.insert(at, (key, value));
    }

    /// The value of `key`, made where there is none.
    pub fn or_insert_with(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V
    where
        K: Clone,
    {
        let at = self.0.iter().take_while(|(own, _)| own < key).count();
        if self.0.get(at).is_none_or(|(own, _)| own != key) {
            self.0.insert(at, (key.clone(), make()));
        }
        &mut self.0[at].1
    }

    pub fn remove<Q: Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.at(key).map(|at| self.0.remove(at).1)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

/// Short lists.
pub trait Listed: Iterator {
    /// What the iterator gives, in its order.
    ///
    /// Why not `collect`? Its code begins with the first item apart from the rest and writes in
    /// place where it can: the iterator's own code is there twice or more for each list.
    fn listed(self) -> Vec<Self::Item>;
}

impl<I: Iterator> Listed for I {
    fn listed(self) -> Vec<I::Item> {
        let mut list = Vec::new();
        self.for_each(|item| list.push(item));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_in_the_order_of_their_keys_and_one_of_each() {
        let mut few = Few::default();
        for (key, value) in [("b", 1), ("c", 2), ("a", 3), ("b", 4)] {
            few.insert(key, value);
        }
        assert_eq!(few.iter().collect::<Vec<_>>(), [(&"a", &3), (&"b", &4), (&"c", &2)]);
        assert_eq!((few.remove("b"), few.remove("b"), few.get("c")), (Some(4), None, Some(&2)));
    }
}
