//! Symmetric ciphers: `SymmetricAlgorithm`, `Aes`, `TripleDES` and their transforms.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::cryptographic;
use crate::{Exception, ExceptionKind, Thrown};

/// A cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymmetricKind {
    /// `Aes`, `RijndaelManaged` with its usual block
    Aes,
    /// `TripleDES`
    TripleDes,
    /// `DES`
    Des,
}

/// `CipherMode`, with the numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CipherMode {
    /// Blocks are chained.
    Cbc = 1,
    /// Every block alone.
    Ecb = 2,
    /// Output feedback; no cipher of .NET Core takes it.
    Ofb = 3,
    /// Cipher feedback of 8 bits.
    Cfb = 4,
    /// Cipher text stealing; no cipher of .NET Core takes it.
    Cts = 5,
}

/// `PaddingMode`, with the numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaddingMode {
    /// No padding.
    None = 1,
    /// Each byte is the length.
    Pkcs7 = 2,
    /// Zeros, and none if the data is whole.
    Zeros = 3,
    /// Zeros, then the length.
    AnsiX923 = 4,
    /// Random bytes, then the length.
    Iso10126 = 5,
}

/// To or from secret text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To secret text.
    Encrypt,
    /// From secret text.
    Decrypt,
}

impl SymmetricKind {
    /// The cipher that `SymmetricAlgorithm.Create(name)` makes; `None` for an unknown name. Case does not matter.
    pub fn from_config_name(name: &str) -> Option<Self> {
        let short = name.strip_prefix("System.Security.Cryptography.").unwrap_or(name).to_ascii_uppercase();
        Some(match short.as_str() {
            "AES"
            | "AESMANAGED"
            | "AESCRYPTOSERVICEPROVIDER"
            | "RIJNDAEL"
            | "RIJNDAELMANAGED"
            | "SYMMETRICALGORITHM" => Self::Aes,
            "TRIPLEDES" | "3DES" | "TRIPLE DES" | "TRIPLEDESCRYPTOSERVICEPROVIDER" => Self::TripleDes,
            "DES" | "DESCRYPTOSERVICEPROVIDER" => Self::Des,
            _ => return None,
        })
    }

    /// Length of a block, in bytes.
    pub const fn block_length(self) -> usize {
        match self {
            Self::Aes => 16,
            Self::TripleDes | Self::Des => 8,
        }
    }

    /// Length of a generated key, in bytes.
    pub const fn default_key_length(self) -> usize {
        match self {
            Self::Aes => 32,
            Self::TripleDes => 24,
            Self::Des => 8,
        }
    }

    /// Is a key of so many bytes allowed?
    pub const fn allows_key_length(self, bytes: usize) -> bool {
        match self {
            Self::Aes => matches!(bytes, 16 | 24 | 32),
            Self::TripleDes => matches!(bytes, 16 | 24),
            Self::Des => bytes == 8,
        }
    }
}

/// The settings of a `SymmetricAlgorithm`.
#[derive(Clone)]
pub struct Symmetric {
    kind: SymmetricKind,
    key: Vec<u8>,
    iv: Vec<u8>,
    /// `Mode`.
    pub mode: CipherMode,
    /// `Padding`.
    pub padding: PaddingMode,
}

impl std::fmt::Debug for Symmetric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Symmetric({:?}, {:?}, {:?}, ***)", self.kind, self.mode, self.padding)
    }
}

impl Symmetric {
    /// `Create()`: key and initialization vector are filled by `random`.
    pub fn new(kind: SymmetricKind, random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut key = vec![0; kind.default_key_length()];
        let mut iv = vec![0; kind.block_length()];
        random(&mut key);
        random(&mut iv);
        Self { kind, key, iv, mode: CipherMode::Cbc, padding: PaddingMode::Pkcs7 }
    }

    /// The cipher.
    pub fn kind(&self) -> SymmetricKind {
        self.kind
    }

    /// `Key`.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// `IV`.
    pub fn iv(&self) -> &[u8] {
        &self.iv
    }

    /// Sets `Key`.
    ///
    /// # Errors
    /// `CryptographicException` for a length that the cipher does not take.
    pub fn set_key(&mut self, key: &[u8]) -> Result<(), Thrown> {
        if !self.kind.allows_key_length(key.len()) {
            return Err(cryptographic("Specified key is not a valid size for this algorithm."));
        }
        self.key = key.to_vec();
        Ok(())
    }

    /// Sets `IV`.
    ///
    /// # Errors
    /// `CryptographicException` unless it is as long as a block.
    pub fn set_iv(&mut self, iv: &[u8]) -> Result<(), Thrown> {
        if iv.len() != self.kind.block_length() {
            return Err(cryptographic(
                "Specified initialization vector (IV) does not match the block size for this algorithm.",
            ));
        }
        self.iv = iv.to_vec();
        Ok(())
    }

    /// Sets `KeySize`, in bits: the key is made anew.
    ///
    /// # Errors
    /// `CryptographicException` for a size that the cipher does not take.
    pub fn set_key_size(&mut self, bits: i32, random: &mut dyn FnMut(&mut [u8])) -> Result<(), Thrown> {
        let bytes = usize::try_from(bits).ok().filter(|bits| bits % 8 == 0).map(|bits| bits / 8);
        match bytes.filter(|bytes| self.kind.allows_key_length(*bytes)) {
            Some(bytes) => {
                self.key = vec![0; bytes];
                random(&mut self.key);
                Ok(())
            }
            None => Err(cryptographic("Specified key is not a valid size for this algorithm.")),
        }
    }

    /// `CreateEncryptor()` or `CreateDecryptor()`.
    ///
    /// # Errors
    /// `CryptographicException` for a mode the cipher does not take.
    pub fn transform(&self, direction: Direction) -> Result<Transform, Thrown> {
        Transform::new(self.kind, direction, &self.key, &self.iv, self.mode, self.padding)
    }

    /// `CreateEncryptor(key, iv)` or `CreateDecryptor(key, iv)`.
    ///
    /// # Errors
    /// `ArgumentException` for a key or an initialization vector of another length.
    pub fn transform_with(&self, direction: Direction, key: &[u8], iv: Option<&[u8]>) -> Result<Transform, Thrown> {
        if !self.kind.allows_key_length(key.len()) {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "Specified key is not a valid size for this algorithm. (Parameter 'rgbKey')",
            ));
        }
        let needs_iv = self.mode != CipherMode::Ecb;
        let iv = match iv {
            Some(iv) if iv.len() != self.kind.block_length() => {
                return Err(Exception::new(
                    ExceptionKind::Argument,
                    "Specified initialization vector (IV) does not match the block size for this algorithm. \
                     (Parameter 'rgbIV')",
                ));
            }
            Some(iv) => iv.to_vec(),
            None if needs_iv => {
                return Err(cryptographic(
                    "The cipher mode specified requires that an initialization vector (IV) be used.",
                ));
            }
            None => vec![0; self.kind.block_length()],
        };
        Transform::new(self.kind, direction, key, &iv, self.mode, self.padding)
    }
}

#[derive(Clone)]
enum Cipher {
    Aes128(Box<aes::Aes128>),
    Aes192(Box<aes::Aes192>),
    Aes256(Box<aes::Aes256>),
    TripleDes2(Box<des::TdesEde2>),
    TripleDes3(Box<des::TdesEde3>),
    Des(Box<des::Des>),
}

impl Cipher {
    fn new(kind: SymmetricKind, key: &[u8]) -> Result<Self, Thrown> {
        let bad = |_| cryptographic("Specified key is not a valid size for this algorithm.");
        Ok(match (kind, key.len()) {
            (SymmetricKind::Aes, 16) => Self::Aes128(Box::new(aes::Aes128::new_from_slice(key).map_err(bad)?)),
            (SymmetricKind::Aes, 24) => Self::Aes192(Box::new(aes::Aes192::new_from_slice(key).map_err(bad)?)),
            (SymmetricKind::Aes, _) => Self::Aes256(Box::new(aes::Aes256::new_from_slice(key).map_err(bad)?)),
            (SymmetricKind::TripleDes, 16) => {
                Self::TripleDes2(Box::new(des::TdesEde2::new_from_slice(key).map_err(bad)?))
            }
            (SymmetricKind::TripleDes, _) => {
                Self::TripleDes3(Box::new(des::TdesEde3::new_from_slice(key).map_err(bad)?))
            }
            (SymmetricKind::Des, _) => Self::Des(Box::new(des::Des::new_from_slice(key).map_err(bad)?)),
        })
    }

    /// One block in place; anything but a whole block is left alone.
    fn block(&self, direction: Direction, block: &mut [u8]) {
        macro_rules! run {
            ($cipher:expr) => {
                if let Ok(block) = <&mut Array<u8, _>>::try_from(block) {
                    match direction {
                        Direction::Encrypt => $cipher.encrypt_block(block),
                        Direction::Decrypt => $cipher.decrypt_block(block),
                    }
                }
            };
        }
        match self {
            Self::Aes128(cipher) => run!(cipher),
            Self::Aes192(cipher) => run!(cipher),
            Self::Aes256(cipher) => run!(cipher),
            Self::TripleDes2(cipher) => run!(cipher),
            Self::TripleDes3(cipher) => run!(cipher),
            Self::Des(cipher) => run!(cipher),
        }
    }
}

/// `ICryptoTransform`: an encryptor or a decryptor.
#[derive(Clone)]
pub struct Transform {
    cipher: Cipher,
    kind: SymmetricKind,
    direction: Direction,
    mode: CipherMode,
    padding: PaddingMode,
    first_iv: Vec<u8>,
    iv: Vec<u8>,
    /// The last block of a decryption, kept back because it may be padding.
    kept: Vec<u8>,
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transform({:?}, {:?})", self.kind, self.direction)
    }
}

impl Transform {
    fn new(
        kind: SymmetricKind,
        direction: Direction,
        key: &[u8],
        iv: &[u8],
        mode: CipherMode,
        padding: PaddingMode,
    ) -> Result<Self, Thrown> {
        if matches!(mode, CipherMode::Ofb | CipherMode::Cts) {
            return Err(cryptographic("Specified cipher mode is not valid for this algorithm."));
        }
        let cipher = Cipher::new(kind, key)?;
        let iv = iv.to_vec();
        Ok(Self { cipher, kind, direction, mode, padding, first_iv: iv.clone(), iv, kept: Vec::new() })
    }

    /// `InputBlockSize` and `OutputBlockSize`, in bytes.
    pub fn block_length(&self) -> usize {
        if self.mode == CipherMode::Cfb { 1 } else { self.kind.block_length() }
    }

    /// `TransformBlock`: whole blocks; a decryption that may have padding keeps its last block back.
    ///
    /// # Errors
    /// `ArgumentException` for parts of a block.
    pub fn transform_block(&mut self, input: &[u8]) -> Result<Vec<u8>, Thrown> {
        if input.is_empty() || !input.len().is_multiple_of(self.block_length()) {
            return Err(Exception::new(ExceptionKind::Argument, "Value was invalid. (Parameter 'inputCount')"));
        }
        let keeps =
            self.direction == Direction::Decrypt && !matches!(self.padding, PaddingMode::None | PaddingMode::Zeros);
        if !keeps {
            return Ok(self.blocks(input));
        }
        let mut pending = std::mem::take(&mut self.kept);
        pending.extend_from_slice(input);
        self.kept = pending.split_off(pending.len() - self.block_length());
        Ok(self.blocks(&pending))
    }

    /// `TransformFinalBlock`: the rest, with padding; the transform is ready for new data after it.
    ///
    /// # Errors
    /// `CryptographicException` for data of a wrong length or padding that is not there.
    pub fn transform_final_block(&mut self, input: &[u8]) -> Result<Vec<u8>, Thrown> {
        let block = self.block_length();
        let incomplete = "The input data is not a complete block.";
        let mut data = std::mem::take(&mut self.kept);
        data.extend_from_slice(input);
        let output = match self.direction {
            Direction::Encrypt => {
                let missing = block - data.len() % block;
                match self.padding {
                    PaddingMode::None if missing != block => return Err(cryptographic(incomplete)),
                    PaddingMode::None => {}
                    PaddingMode::Zeros if missing == block => {}
                    PaddingMode::Zeros => data.resize(data.len() + missing, 0),
                    PaddingMode::Pkcs7 => data.resize(data.len() + missing, missing as u8),
                    // The standard wants random bytes; any bytes do, and zeros are the same every time.
                    PaddingMode::AnsiX923 | PaddingMode::Iso10126 => {
                        data.resize(data.len() + missing - 1, 0);
                        data.push(missing as u8);
                    }
                }
                self.blocks(&data)
            }
            Direction::Decrypt => {
                if !data.len().is_multiple_of(block) {
                    return Err(cryptographic(incomplete));
                }
                let mut output = self.blocks(&data);
                self.remove_padding(&mut output)?;
                output
            }
        };
        self.iv.clone_from(&self.first_iv);
        Ok(output)
    }

    fn remove_padding(&self, data: &mut Vec<u8>) -> Result<(), Thrown> {
        if matches!(self.padding, PaddingMode::None | PaddingMode::Zeros) {
            return Ok(());
        }
        let bad = || cryptographic("Padding is invalid and cannot be removed.");
        let Some(last) = data.last().copied() else { return Ok(()) };
        let length = usize::from(last);
        if length == 0 || length > self.block_length() || length > data.len() {
            return Err(bad());
        }
        let start = data.len() - length;
        let padding = &data[start..data.len() - 1];
        let holds = match self.padding {
            PaddingMode::Pkcs7 => padding.iter().all(|byte| *byte == last),
            PaddingMode::AnsiX923 => padding.iter().all(|byte| *byte == 0),
            PaddingMode::Iso10126 | PaddingMode::None | PaddingMode::Zeros => true,
        };
        if !holds {
            return Err(bad());
        }
        data.truncate(start);
        Ok(())
    }

    fn blocks(&mut self, input: &[u8]) -> Vec<u8> {
        let mut output = input.to_vec();
        let xor = |block: &mut [u8], with: &[u8]| block.iter_mut().zip(with).for_each(|(byte, with)| *byte ^= with);
        match self.mode {
            CipherMode::Ecb => {
                for block in output.chunks_mut(self.kind.block_length()) {
                    self.cipher.block(self.direction, block);
                }
            }
            CipherMode::Cfb => {
                for byte in &mut output {
                    let mut block = self.iv.clone();
                    self.cipher.block(Direction::Encrypt, &mut block);
                    let secret = match self.direction {
                        Direction::Encrypt => *byte ^ block[0],
                        Direction::Decrypt => *byte,
                    };
                    *byte ^= block[0];
                    self.iv.remove(0);
                    self.iv.push(secret);
                }
            }
            CipherMode::Cbc | CipherMode::Ofb | CipherMode::Cts => {
                for (block, secret) in
                    output.chunks_mut(self.kind.block_length()).zip(input.chunks(self.kind.block_length()))
                {
                    match self.direction {
                        Direction::Encrypt => {
                            xor(block, &self.iv);
                            self.cipher.block(Direction::Encrypt, block);
                            self.iv = block.to_vec();
                        }
                        Direction::Decrypt => {
                            self.cipher.block(Direction::Decrypt, block);
                            xor(block, &self.iv);
                            self.iv = secret.to_vec();
                        }
                    }
                }
            }
        }
        output
    }
}

#[cfg(test)]
mod tests;
