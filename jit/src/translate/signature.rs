//! Signatures: the conventions of `tancho_abi::vmctx` as Cranelift signatures.
//!
//! Used for functions, their call sites and the trampolines, so that the two ends of a call come from one place.

use cranelift_codegen::ir::{AbiParam, Signature, Type, types};
use cranelift_codegen::isa::CallConv;
use tancho_abi::builtin::{Builtin, BuiltinType};
use tancho_abi::target::Architecture;
use tancho_abi::types::{FuncType, ValType};

/// The type of addresses.
pub(crate) const POINTER: Type = types::I64;

/// The machine type of a value. References to functions are addresses, others 32-bit handles.
pub(crate) fn machine_type(ty: ValType) -> Type {
    match ty {
        ValType::I32 => types::I32,
        ValType::I64 => types::I64,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::V128 => types::I8X16,
        ValType::Ref(ty) if ty.is_function() => POINTER,
        ValType::Ref(_) => types::I32,
    }
}

fn values(types: &[ValType]) -> impl Iterator<Item = AbiParam> {
    types.iter().map(|ty| AbiParam::new(machine_type(*ty)))
}

/// `Tail`: an external entry, a host function's exit trampoline, an internal entry that takes no more.
pub(crate) fn function(ty: &FuncType) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::new(POINTER));
    signature.params.extend(values(&ty.params));
    signature.returns.extend(values(&ty.results));
    signature
}

/// `Tail`: an internal entry, which may take the shadow-stack pointer of this type.
pub(crate) fn internal(ty: &FuncType, shadow: Option<Type>) -> Signature {
    let mut signature = function(ty);
    if let Some(shadow) = shadow {
        signature.params.insert(shadow_position(ty), AbiParam::new(shadow));
    }
    signature
}

/// Where among the parameters of an internal entry the shadow-stack pointer stands: last, so that the other entry moves none of the others.
pub(crate) fn shadow_position(ty: &FuncType) -> usize {
    ty.params.len() + 1
}

/// Whether the typed C conventions can carry the type: vectors do not travel in registers between C functions alike on all
/// architectures.
pub(crate) fn is_typed(ty: &FuncType) -> bool {
    !ty.params.iter().chain(&ty.results).any(|ty| *ty == ValType::V128)
}

/// How many parameters travel in float registers in the riscv64 C convention.
const RISCV64_FLOAT_REGISTERS: usize = 8;

/// C parameters and results, with the extension of 32-bit integers that the architecture's C convention asks for.
struct CSignature {
    architecture: Architecture,
    signature: Signature,
}

impl CSignature {
    fn new(architecture: Architecture) -> Self {
        CSignature { architecture, signature: Signature::new(CallConv::SystemV) }
    }

    fn value(&self, ty: Type) -> AbiParam {
        let param = AbiParam::new(ty);
        match self.architecture {
            // Integers narrower than a register are sign-extended, unsigned 32-bit ones too.
            Architecture::Riscv64 if ty == types::I32 => param.sext(),
            _ => param,
        }
    }

    fn pointers(mut self, count: usize) -> Self {
        self.signature.params.extend(std::iter::repeat_n(AbiParam::new(POINTER), count));
        self
    }

    fn params(mut self, types: impl IntoIterator<Item = Type>) -> Self {
        let mut floats = 0;
        for ty in types {
            floats += usize::from(ty.is_float());
            let ty = if self.architecture == Architecture::Riscv64 && floats > RISCV64_FLOAT_REGISTERS {
                // psABI, LP64D: a float that finds no float register travels as an integer does. Cranelift would put it on
                // the stack, so it is made an integer; trampolines convert (`Maker::convert`).
                ty.as_int()
            } else {
                ty
            };
            let param = self.value(ty);
            self.signature.params.push(param);
        }
        self
    }

    fn result(mut self, ty: Option<Type>) -> Self {
        let result = ty.map(|ty| self.value(ty));
        self.signature.returns.extend(result);
        self
    }
}

/// The only result, when there is exactly one: more travel through memory.
pub(crate) fn single_result(ty: &FuncType) -> Option<Type> {
    match *ty.results {
        [only] => Some(machine_type(only)),
        _ => None,
    }
}

fn machine_types(types: &[ValType]) -> impl Iterator<Item = Type> {
    types.iter().map(|ty| machine_type(*ty))
}

/// C: the typed host entry.
pub(crate) fn host_entry(architecture: Architecture, ty: &FuncType) -> Signature {
    // vmctx, code, activation.
    CSignature::new(architecture).pointers(3).params(machine_types(&ty.params)).result(single_result(ty)).signature
}

/// C: the array host entry.
pub(crate) fn array_entry(architecture: Architecture) -> Signature {
    // vmctx, code, activation, values.
    CSignature::new(architecture).pointers(4).signature
}

/// C: a typed host function.
pub(crate) fn host_function(architecture: Architecture, ty: &FuncType) -> Signature {
    // The context, and where several results go.
    let pointers = if ty.results.len() > 1 { 2 } else { 1 };
    CSignature::new(architecture)
        .pointers(pointers)
        .params(machine_types(&ty.params))
        .result(single_result(ty))
        .signature
}

/// C: an array host function.
pub(crate) fn array_function(architecture: Architecture) -> Signature {
    // The context, and the values.
    CSignature::new(architecture).pointers(2).signature
}

fn builtin_type(ty: BuiltinType) -> Type {
    match ty {
        BuiltinType::I32 => types::I32,
        BuiltinType::I64 => types::I64,
        BuiltinType::Pointer => POINTER,
    }
}

/// C: a builtin.
pub(crate) fn builtin(architecture: Architecture, builtin: Builtin) -> Signature {
    let (params, result) = builtin.signature();
    CSignature::new(architecture)
        .pointers(1)
        .params(params.iter().map(|ty| builtin_type(*ty)))
        .result(result.map(builtin_type))
        .signature
}

/// The trampoline through which compiled code calls a builtin: `Tail`, or, where the caller's registers are to be kept, `PreserveAll`. That
/// keeps vectors, which riscv64 may not have.
pub(crate) fn builtin_trampoline(architecture: Architecture, builtin: Builtin) -> Signature {
    let (params, result) = builtin.signature();
    let keeps_all =
        matches!(builtin, Builtin::out_of_fuel | Builtin::interrupt) && architecture != Architecture::Riscv64;
    let mut signature = Signature::new(if keeps_all { CallConv::PreserveAll } else { CallConv::Tail });
    signature.params.push(AbiParam::new(POINTER));
    signature.params.extend(params.iter().map(|ty| AbiParam::new(builtin_type(*ty))));
    signature.returns.extend(result.map(|ty| AbiParam::new(builtin_type(ty))));
    signature
}

/// C: the builtin that unwinds.
pub(crate) fn raise(architecture: Architecture) -> Signature {
    CSignature::new(architecture).pointers(1).signature
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_codegen::ir::ArgumentExtension;

    /// Types by letters: `w` and `d` are integers of 32 and 64 bits, `f` and `g` floats of 32 and 64.
    fn types_of(letters: &str) -> Vec<ValType> {
        let ty = |letter| match letter {
            'w' => ValType::I32,
            'd' => ValType::I64,
            'f' => ValType::F32,
            _ => ValType::F64,
        };
        letters.chars().map(ty).collect()
    }

    /// Parameters as letters, without the first `skipped`.
    fn letters(signature: &Signature, skipped: usize) -> String {
        let letter = |param: &AbiParam| match param.value_type {
            types::I32 => 'w',
            types::I64 => 'd',
            types::F32 => 'f',
            _ => 'g',
        };
        signature.params.iter().skip(skipped).map(letter).collect()
    }

    /// LP64D: eight floats travel in float registers, whatever lies between them, and the others as integers of their size do. The other
    /// architectures, and functions of ours, know nothing of that.
    #[test]
    fn floats_past_the_eighth_are_integers_on_riscv64() {
        let cases = [
            ("ffffffff", "ffffffff"),
            ("fffffffff", "ffffffffw"),
            ("gggggggggfgw", "ggggggggdwdw"),
            ("wfdgfwgfdgfgdfgw", "wfdgfwgfdgfgdwdw"),
            ("wwwwwwwwwwdddddddddd", "wwwwwwwwwwdddddddddd"),
        ];
        for (given, expected) in cases {
            let ty = FuncType { params: types_of(given).into(), results: types_of("f").into() };
            for architecture in [Architecture::X86_64, Architecture::Aarch64, Architecture::Riscv64] {
                let riscv = architecture == Architecture::Riscv64;
                for (signature, skipped) in [(host_entry(architecture, &ty), 3), (host_function(architecture, &ty), 1)]
                {
                    let found = letters(&signature, skipped);
                    assert_eq!(found, if riscv { expected } else { given }, "{architecture:?}");
                    // The result has a register of its own.
                    assert_eq!(signature.returns[0].value_type, types::F32);
                    for param in &signature.params {
                        let extended = param.extension == ArgumentExtension::Sext;
                        assert_eq!(extended, riscv && param.value_type == types::I32, "{architecture:?} {given}");
                    }
                }
                assert_eq!(letters(&function(&ty), 1), given);
            }
        }
    }
}
