//! Tests of `symmetric`.

use super::*;

fn algorithm(kind: SymmetricKind, mode: CipherMode, padding: PaddingMode) -> Symmetric {
    let mut algorithm = Symmetric::new(kind, &mut |bytes| {
        bytes.iter_mut().enumerate().for_each(|(index, byte)| *byte = index as u8);
    });
    algorithm.mode = mode;
    algorithm.padding = padding;
    algorithm
}

#[test]
fn aes_cbc_is_that_of_net() {
    let key: Vec<u8> = (0..32).collect();
    let iv: Vec<u8> = (0..16).map(|i| i * 3).collect();
    let algorithm = algorithm(SymmetricKind::Aes, CipherMode::Cbc, PaddingMode::Pkcs7);
    let secret = algorithm
        .transform_with(Direction::Encrypt, &key, Some(&iv))
        .unwrap()
        .transform_final_block(b"attack at dawn")
        .unwrap();
    assert_eq!(secret, [94, 208, 48, 147, 202, 181, 136, 250, 61, 103, 27, 133, 51, 228, 26, 44]);
}

#[test]
fn what_is_encrypted_can_be_decrypted() {
    let modes = [CipherMode::Cbc, CipherMode::Ecb, CipherMode::Cfb];
    let paddings = [PaddingMode::Pkcs7, PaddingMode::AnsiX923, PaddingMode::Iso10126, PaddingMode::Zeros];
    for kind in [SymmetricKind::Aes, SymmetricKind::TripleDes, SymmetricKind::Des] {
        for mode in modes {
            for padding in paddings {
                let algorithm = algorithm(kind, mode, padding);
                for length in [0, 1, 8, 16, 40, 100] {
                    let plain: Vec<u8> = (1..=length).collect();
                    let secret =
                        algorithm.transform(Direction::Encrypt).unwrap().transform_final_block(&plain).unwrap();
                    let mut decryptor = algorithm.transform(Direction::Decrypt).unwrap();
                    let mut back = decryptor.transform_final_block(&secret).unwrap();
                    if padding == PaddingMode::Zeros {
                        back.truncate(plain.len());
                    }
                    assert_eq!(back, plain, "{kind:?} {mode:?} {padding:?} {length}");
                    let mut pieces = Vec::new();
                    let step = decryptor.block_length();
                    for piece in secret.chunks(step) {
                        pieces.extend(decryptor.transform_block(piece).unwrap());
                    }
                    pieces.extend(decryptor.transform_final_block(&[]).unwrap());
                    pieces.truncate(plain.len());
                    assert_eq!(pieces, plain);
                }
            }
        }
    }
}

#[test]
fn wrong_keys_and_padding_throw() {
    let mut algorithm = algorithm(SymmetricKind::Aes, CipherMode::Cbc, PaddingMode::Pkcs7);
    assert_eq!(algorithm.set_key(&[0; 5]).unwrap_err().kind, ExceptionKind::Cryptographic);
    assert_eq!(algorithm.set_iv(&[0; 5]).unwrap_err().kind, ExceptionKind::Cryptographic);
    let mut decryptor = algorithm.transform(Direction::Decrypt).unwrap();
    assert_eq!(
        decryptor.transform_final_block(&[1; 15]).unwrap_err().message,
        "The input data is not a complete block."
    );
    assert_eq!(
        decryptor.transform_final_block(&[1; 16]).unwrap_err().message,
        "Padding is invalid and cannot be removed."
    );
    algorithm.mode = CipherMode::Cts;
    assert!(algorithm.transform(Direction::Encrypt).is_err());
    let thrown = algorithm.transform_with(Direction::Encrypt, &[0; 3], None).unwrap_err();
    assert_eq!(thrown.kind, ExceptionKind::Argument);
}
