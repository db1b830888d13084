//! Just enough DER to find the two numbers of an RSA public key.

/// Modulus and exponent, big-endian without leading zeros.
pub(crate) type RsaNumbers = (Vec<u8>, Vec<u8>);

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Reads `RSAPublicKey` (PKCS#1).
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<RsaNumbers> {
    let (body, _) = read(der, SEQUENCE)?;
    let (modulus, rest) = read(body, INTEGER)?;
    let (exponent, _) = read(rest, INTEGER)?;
    Some((strip(modulus), strip(exponent)))
}

/// Reads the public numbers out of any RSA key: PKCS#1 or PKCS#8 private, PKCS#1 or X.509 public.
pub(crate) fn rsa_numbers(der: &[u8]) -> Option<RsaNumbers> {
    let (body, _) = read(der, SEQUENCE)?;
    match *body.first()? {
        // X.509 SubjectPublicKeyInfo: algorithm, then the key in a bit string with no unused bits.
        SEQUENCE => {
            let (_, rest) = read(body, SEQUENCE)?;
            let (bits, _) = read(rest, BIT_STRING)?;
            rsa_public_key(bits.strip_prefix(&[0])?)
        }
        INTEGER => {
            let (first, rest) = read(body, INTEGER)?;
            match *rest.first()? {
                // PKCS#8: version, algorithm, then a PKCS#1 key in an octet string.
                SEQUENCE => {
                    let (_, rest) = read(rest, SEQUENCE)?;
                    let (inner, _) = read(rest, OCTET_STRING)?;
                    rsa_numbers(inner)
                }
                // PKCS#1 private: version 0, modulus, exponent, …; public: modulus, exponent.
                _ if first == [0] => {
                    let (modulus, rest) = read(rest, INTEGER)?;
                    let (exponent, _) = read(rest, INTEGER)?;
                    Some((strip(modulus), strip(exponent)))
                }
                _ => rsa_public_key(der),
            }
        }
        _ => None,
    }
}

/// The content of the element with this tag at the start of `der`, and what follows it.
fn read(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    if first != tag {
        return None;
    }
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let count = usize::from(length & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(count)?;
        (
            bytes
                .iter()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
            rest,
        )
    };
    rest.split_at_checked(length)
}

fn strip(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number[zeros..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_private_key_and_rejects_noise() {
        let der = crate::keys::decode_pem(include_str!("development.pem")).unwrap();
        let (modulus, exponent) = rsa_numbers(&der).unwrap();
        assert_eq!((modulus.len(), exponent), (256, vec![1, 0, 1]));
        for end in 0..der.len().min(60) {
            assert!(rsa_numbers(&der[..end]).is_none());
        }
        assert!(rsa_numbers(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
    }
}
