//! Phonebook of the SIM (MBIM 1.0, 10.8).

use super::enums::*;
use super::{messages, structure};
use crate::words::Id;

messages! { Phonebook;
    1 answer PhonebookConfiguration {
        state: PhonebookReady as number,
        entries: u32 as number,
        used: u32 as number,
        max_number_length: u32 as number,
        max_name_length: u32 as number,
    }

    2 answer PhonebookEntries { entries: Vec<PhonebookEntry> as structs }
    2 query QueryPhonebook -> PhonebookEntries { filter: PhonebookFilter as number, index: u32 as number }

    3 answer PhonebookDeleted {}
    3 set DeletePhonebook -> PhonebookDeleted { filter: PhonebookFilter as number, index: u32 as number }

    4 answer PhonebookWritten {}
    4 set WritePhonebook -> PhonebookWritten {
        save: PhonebookSave as number,
        index: u32 as number,
        number: Id as text,
        name: Id as text,
    }
}

structure! {
    #[derive(Default)]
    PhonebookEntry { index: u32 as number, number: Id as text, name: Id as text }
}
