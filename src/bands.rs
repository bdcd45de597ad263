//! From a channel number to its band and frequency, as the tables of 3GPP have it: GSM (TS
//! 45.005, 2), UMTS (25.101, 5.4), LTE (36.101, 5.7.3), NR (38.104, 5.4.2).
//!
//! Contract: pure. A number outside of every table has no band. NR's bands overlap; then all
//! that hold the number are named, because the modem alone knows which one it means.

use crate::few::Listed;
use crate::words::Technology;

/// `B20`, `n77/n78`, `U1`, `DCS1800`; `None` for a number that is in no table.
pub fn band(technology: Technology, channel: u32) -> Option<String> {
    match technology {
        Technology::Gsm => gsm(channel).map(str::to_string),
        Technology::Umts => umts(channel).map(|band| format!("U{band}")),
        Technology::Lte => lte(channel).map(|row| format!("B{}", row.0)),
        // With an LTE anchor the technology is of both; a cell is of one, and these are NR's.
        Technology::FivegNsa | Technology::FivegSa => {
            let names: Vec<String> = nr(channel).map(|band| format!("n{band}")).listed();
            Some(names.join("/")).filter(|names| !names.is_empty())
        }
        Technology::Cdma => None,
    }
}

/// The downlink's centre in kHz.
pub fn downlink_khz(technology: Technology, channel: u32) -> Option<u32> {
    match technology {
        Technology::Lte => lte(channel).map(|row| row.3 + 100 * (channel - row.1)),
        Technology::FivegNsa | Technology::FivegSa => nr_khz(channel),
        // 25.101, 5.4.3: a fifth of a MHz, in the bands that are not shifted.
        Technology::Umts => umts(channel).filter(|band| UMTS_PLAIN.contains(band)).map(|_| channel * 200),
        Technology::Gsm | Technology::Cdma => None,
    }
}

fn lte(earfcn: u32) -> Option<&'static (u16, u32, u32, u32)> {
    LTE.iter().find(|(_, first, last, _)| (*first..=*last).contains(&earfcn))
}

fn umts(uarfcn: u32) -> Option<u16> {
    UMTS.iter().find(|(_, first, last)| (*first..=*last).contains(&uarfcn)).map(|(band, ..)| *band)
}

fn nr(nrarfcn: u32) -> impl Iterator<Item = u16> {
    let holds = move |(_, first, last): &&(u16, u32, u32)| (*first..=*last).contains(&nrarfcn);
    NR.iter().filter(holds).map(|(band, ..)| *band)
}

/// The global frequency raster (38.104, table 5.4.2.1-1).
fn nr_khz(nrarfcn: u32) -> Option<u32> {
    match nrarfcn {
        0..600_000 => Some(nrarfcn * 5),
        600_000..2_016_667 => Some(3_000_000 + (nrarfcn - 600_000) * 15),
        2_016_667..3_279_166 => Some(24_250_080 + (nrarfcn - 2_016_667) * 60),
        _ => None,
    }
}

fn gsm(arfcn: u32) -> Option<&'static str> {
    match arfcn {
        0..=124 | 955..=1023 => Some("GSM900"),
        128..=251 => Some("GSM850"),
        259..=293 => Some("GSM450"),
        306..=340 => Some("GSM480"),
        // PCS 1900 uses 512 to 810 again: the number alone does not tell.
        512..=810 => Some("DCS1800/PCS1900"),
        811..=885 => Some("DCS1800"),
        _ => None,
    }
}

/// Band, first and last UARFCN of the downlink.
const UMTS: &[(u16, u32, u32)] = &[
    (1, 10562, 10838),
    (2, 9662, 9938),
    (3, 1162, 1513),
    (4, 1537, 1738),
    // Band 6 lies inside of band 5.
    (5, 4357, 4458),
    (7, 2237, 2563),
    (8, 2937, 3088),
    (9, 9237, 9387),
    (10, 3112, 3388),
    (11, 3712, 3787),
    (12, 3842, 3903),
    (13, 4017, 4043),
    (14, 4117, 4143),
    (19, 712, 763),
    (20, 4512, 4638),
    (21, 862, 912),
    (22, 4662, 5038),
    (25, 5112, 5413),
    (26, 5762, 5913),
];

/// Where the frequency is the number's fifth, without an offset.
const UMTS_PLAIN: &[u16] = &[1, 2, 5, 8, 9];

/// Band, first and last EARFCN of the downlink, and the first one's frequency in kHz.
const LTE: &[(u16, u32, u32, u32)] = &[
    (1, 0, 599, 2_110_000),
    (2, 600, 1199, 1_930_000),
    (3, 1200, 1949, 1_805_000),
    (4, 1950, 2399, 2_110_000),
    (5, 2400, 2649, 869_000),
    (6, 2650, 2749, 875_000),
    (7, 2750, 3449, 2_620_000),
    (8, 3450, 3799, 925_000),
    (9, 3800, 4149, 1_844_900),
    (10, 4150, 4749, 2_110_000),
    (11, 4750, 4949, 1_475_900),
    (12, 5010, 5179, 729_000),
    (13, 5180, 5279, 746_000),
    (14, 5280, 5379, 758_000),
    (17, 5730, 5849, 734_000),
    (18, 5850, 5999, 860_000),
    (19, 6000, 6149, 875_000),
    (20, 6150, 6449, 791_000),
    (21, 6450, 6599, 1_495_900),
    (22, 6600, 7399, 3_510_000),
    (23, 7500, 7699, 2_180_000),
    (24, 7700, 8039, 1_525_000),
    (25, 8040, 8689, 1_930_000),
    (26, 8690, 9039, 859_000),
    (27, 9040, 9209, 852_000),
    (28, 9210, 9659, 758_000),
    (29, 9660, 9769, 717_000),
    (30, 9770, 9869, 2_350_000),
    (31, 9870, 9919, 462_500),
    (32, 9920, 10359, 1_452_000),
    (33, 36000, 36199, 1_900_000),
    (34, 36200, 36349, 2_010_000),
    (35, 36350, 36949, 1_850_000),
    (36, 36950, 37549, 1_930_000),
    (37, 37550, 37749, 1_910_000),
    (38, 37750, 38249, 2_570_000),
    (39, 38250, 38649, 1_880_000),
    (40, 38650, 39649, 2_300_000),
    (41, 39650, 41589, 2_496_000),
    (42, 41590, 43589, 3_400_000),
    (43, 43590, 45589, 3_600_000),
    (44, 45590, 46589, 703_000),
    (45, 46590, 46789, 1_447_000),
    (46, 46790, 54539, 5_150_000),
    (47, 54540, 55239, 5_855_000),
    (48, 55240, 56739, 3_550_000),
    (49, 56740, 58239, 3_550_000),
    (50, 58240, 59089, 1_432_000),
    (51, 59090, 59139, 1_427_000),
    (52, 59140, 60139, 3_300_000),
    (53, 60140, 60254, 2_483_500),
    (65, 65536, 66435, 2_110_000),
    (66, 66436, 67335, 2_110_000),
    (67, 67336, 67535, 738_000),
    (68, 67536, 67835, 753_000),
    (69, 67836, 68335, 2_570_000),
    (70, 68336, 68585, 1_995_000),
    (71, 68586, 68935, 617_000),
    (72, 68936, 68985, 461_000),
    (73, 68986, 69035, 460_000),
    (74, 69036, 69465, 1_475_000),
    (75, 69466, 70315, 1_432_000),
    (76, 70316, 70365, 1_427_000),
    (85, 70366, 70545, 728_000),
    (87, 70546, 70595, 420_000),
    (88, 70596, 70645, 422_000),
    (103, 70646, 70655, 757_000),
];

/// Band, first and last NR-ARFCN of the downlink.
const NR: &[(u16, u32, u32)] = &[
    (1, 422_000, 434_000),
    (2, 386_000, 398_000),
    (3, 361_000, 376_000),
    (5, 173_800, 178_800),
    (7, 524_000, 538_000),
    (8, 185_000, 192_000),
    (12, 145_800, 149_200),
    (13, 149_200, 151_200),
    (14, 151_600, 153_600),
    (18, 172_000, 175_000),
    (20, 158_200, 164_200),
    (24, 305_000, 311_800),
    (25, 386_000, 399_000),
    (26, 171_800, 178_800),
    (28, 151_600, 160_600),
    (29, 143_400, 145_600),
    (30, 470_000, 472_000),
    (34, 402_000, 405_000),
    (38, 514_000, 524_000),
    (39, 376_000, 384_000),
    (40, 460_000, 480_000),
    (41, 499_200, 537_999),
    (46, 743_334, 795_000),
    (48, 636_667, 646_666),
    (50, 286_400, 303_400),
    (51, 285_400, 286_400),
    (53, 496_700, 499_000),
    (65, 422_000, 440_000),
    (66, 422_000, 440_000),
    (67, 147_600, 151_600),
    (70, 399_000, 404_000),
    (71, 123_400, 130_400),
    (74, 295_000, 303_600),
    (75, 286_400, 303_400),
    (76, 285_400, 286_400),
    (77, 620_000, 680_000),
    (78, 620_000, 653_333),
    (79, 693_334, 733_333),
    (85, 145_600, 149_200),
    (90, 499_200, 538_000),
    (96, 795_000, 875_000),
    (100, 183_880, 185_000),
    (101, 380_000, 382_000),
    (105, 122_400, 130_400),
    (257, 2_054_166, 2_104_165),
    (258, 2_016_667, 2_070_832),
    (259, 2_270_833, 2_337_499),
    (260, 2_229_166, 2_279_165),
    (261, 2_070_833, 2_084_999),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn band_of(technology: Technology, channel: u32) -> String {
        band(technology, channel).unwrap_or_default()
    }

    #[test]
    fn the_usual_cells_of_europe_and_america_have_their_bands() {
        for (earfcn, name) in [(100, "B1"), (1300, "B3"), (3050, "B7"), (6300, "B20"), (9360, "B28")] {
            assert_eq!(band_of(Technology::Lte, earfcn), name);
        }
        for (earfcn, name) in [(5230, "B13"), (66986, "B66"), (68836, "B71"), (39874, "B41")] {
            assert_eq!(band_of(Technology::Lte, earfcn), name);
        }
        assert_eq!(band_of(Technology::Umts, 10638), "U1");
        assert_eq!(band_of(Technology::Umts, 2988), "U8");
        assert_eq!(band_of(Technology::Gsm, 62), "GSM900");
        assert_eq!(band_of(Technology::Gsm, 880), "DCS1800");
    }

    #[test]
    fn overlapping_bands_of_nr_are_all_named() {
        assert_eq!(band_of(Technology::FivegSa, 640_000), "n48/n77/n78");
        assert_eq!(band_of(Technology::FivegNsa, 660_000), "n77");
        assert_eq!(band_of(Technology::FivegSa, 156_000), "n28");
        assert_eq!(band_of(Technology::FivegSa, 2_080_000), "n257/n261");
    }

    #[test]
    fn frequencies_are_those_of_the_specifications_formulas() {
        assert_eq!(downlink_khz(Technology::Lte, 1300), Some(1_815_000));
        assert_eq!(downlink_khz(Technology::Lte, 6300), Some(806_000));
        assert_eq!(downlink_khz(Technology::Umts, 10638), Some(2_127_600));
        assert_eq!(downlink_khz(Technology::FivegSa, 422_000), Some(2_110_000));
        assert_eq!(downlink_khz(Technology::FivegSa, 640_000), Some(3_600_000));
        assert_eq!(downlink_khz(Technology::FivegSa, 2_016_667), Some(24_250_080));
    }

    #[test]
    fn a_number_in_no_table_has_no_band_and_no_number_is_too_large() {
        for number in [4949 + 1, 35_999, 60_255, 70_656, u32::MAX] {
            assert_eq!(band(Technology::Lte, number), None);
        }
        for technology in Technology::ALL {
            assert_eq!(band(*technology, u32::MAX), None);
            assert_eq!(downlink_khz(*technology, u32::MAX), None);
        }
    }

    #[test]
    fn bands_of_lte_do_not_overlap_and_stand_in_order() {
        assert!(LTE.windows(2).all(|pair| pair[0].2 < pair[1].1 && pair[0].0 < pair[1].0));
    }
}
