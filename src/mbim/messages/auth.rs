//! Authentication with the SIM (MBIM 1.0, 10.10): EAP-AKA, EAP-AKA' and EAP-SIM.

use super::{Raw, messages};

messages! { Auth;
    1 answer Aka {
        res: Raw as block(16),
        res_length: u32 as number,
        integrity_key: Raw as block(16),
        ciphering_key: Raw as block(16),
        auts: Raw as block(14),
    }
    1 query QueryAka -> Aka { rand: Raw as block(16), autn: Raw as block(16) }

    2 answer Akap {
        res: Raw as block(16),
        res_length: u32 as number,
        integrity_key: Raw as block(16),
        ciphering_key: Raw as block(16),
        auts: Raw as block(14),
    }
    2 query QueryAkap -> Akap {
        rand: Raw as block(16),
        autn: Raw as block(16),
        network_name: String as text,
    }

    /// Keys and signed responses, three pairs of twelve bytes: SRES (4) and Kc (8).
    3 answer Sim { triplets: Raw as block(36), count: u32 as number }
    3 query QuerySim -> Sim {
        rand1: Raw as block(16),
        rand2: Raw as block(16),
        rand3: Raw as block(16),
        /// 2 or 3.
        count: u32 as number,
    }
}
