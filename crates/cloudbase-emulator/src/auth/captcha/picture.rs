//! The picture of a captcha: a small GIF with the letters in it, readable and no obstacle to anybody.

/// One letter: seven rows of five bits, the left pixel highest.
type Glyph = [u8; 7];

#[rustfmt::skip]
const FONT: [(u8, Glyph); 31] = [
    (b'2', [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111]),
    (b'3', [0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110]),
    (b'4', [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]),
    (b'5', [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]),
    (b'6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    (b'7', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]),
    (b'8', [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]),
    (b'9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
    (b'A', [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    (b'B', [0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110]),
    (b'C', [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110]),
    (b'D', [0b11100, 0b10010, 0b10001, 0b10001, 0b10001, 0b10010, 0b11100]),
    (b'E', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111]),
    (b'F', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000]),
    (b'G', [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01111]),
    (b'H', [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    (b'J', [0b00111, 0b00010, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100]),
    (b'K', [0b10001, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0b10001]),
    (b'M', [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001]),
    (b'N', [0b10001, 0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001]),
    (b'P', [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000]),
    (b'Q', [0b01110, 0b10001, 0b10001, 0b10001, 0b10101, 0b10010, 0b01101]),
    (b'R', [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001]),
    (b'S', [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110]),
    (b'T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100]),
    (b'U', [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
    (b'V', [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100]),
    (b'W', [0b10001, 0b10001, 0b10001, 0b10101, 0b10101, 0b11011, 0b10001]),
    (b'X', [0b10001, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001, 0b10001]),
    (b'Y', [0b10001, 0b10001, 0b01010, 0b00100, 0b00100, 0b00100, 0b00100]),
    (b'Z', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b10000, 0b11111]),
];

/// Pixels per font pixel, and around the text.
const SCALE: usize = 4;
const MARGIN: usize = 8;

/// LZW clear and end codes for 7-bit pixels. Clearing before the code width would grow keeps every code at 8 bits, so that
/// the stream is plain bytes.
const CLEAR: u8 = 0x80;
const END: u8 = 0x81;
const RUN: usize = 126;

/// Draws the text.
pub(super) fn gif(text: &str) -> Vec<u8> {
    let width = MARGIN * 2 + text.len() * 6 * SCALE;
    let height = MARGIN * 2 + 7 * SCALE;
    let mut pixels = vec![0_u8; width * height];
    for (index, letter) in text.bytes().enumerate() {
        let Some((_, glyph)) = FONT.iter().find(|(of, _)| *of == letter) else {
            continue;
        };
        let left = MARGIN + index * 6 * SCALE;
        for y in 0..7 * SCALE {
            for x in 0..5 * SCALE {
                let dark = glyph[y / SCALE] >> (4 - x / SCALE) & 1;
                pixels[(MARGIN + y) * width + left + x] = dark;
            }
        }
    }
    encode(&pixels, width, height)
}

/// Writes a GIF of 128 colours of which the first two are used: white and dark blue.
fn encode(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let size = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes();
    let mut gif = b"GIF89a".to_vec();
    gif.extend(size(width));
    gif.extend(size(height));
    // A global table of 2^(6+1) colours, background 0, square pixels.
    gif.extend([0b1000_0110, 0, 0]);
    gif.extend([0xff, 0xff, 0xff, 0x1a, 0x2b, 0x5c]);
    gif.resize(gif.len() + 126 * 3, 0);
    gif.extend([b',', 0, 0, 0, 0]);
    gif.extend(size(width));
    gif.extend(size(height));
    // No local table; LZW with 7-bit pixels.
    gif.extend([0, 7]);
    let mut codes = Vec::with_capacity(pixels.len() + pixels.len() / RUN + 2);
    for run in pixels.chunks(RUN) {
        codes.push(CLEAR);
        codes.extend(run);
    }
    codes.push(END);
    for block in codes.chunks(255) {
        gif.push(block.len() as u8);
        gif.extend(block);
    }
    gif.extend([0, b';']);
    gif
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_alphabet_can_be_drawn() {
        for letter in super::super::ALPHABET {
            assert!(FONT.iter().any(|(of, _)| of == letter), "{letter}");
        }
    }

    #[test]
    fn the_picture_is_a_gif_of_its_size() {
        let gif = gif("AB12");
        assert!(gif.starts_with(b"GIF89a") && gif.ends_with(b";"));
        assert_eq!(gif[6..10], [112, 0, 44, 0]);
    }
}
