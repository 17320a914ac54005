#!/usr/bin/env bash
# A CPython for Windows with the wheels of the Windows bundle, in a Wine prefix of its own: preparer.sh FOLDER
# Two things that Wine 8 lacks are forged: bcryptprimitives.dll, and the complex functions that numpy loads.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
version=3.12.1-1.5.10
export WINEPREFIX=$folder/prefix WINEDEBUG=-all
python=$WINEPREFIX/drive_c/Python312
tool=x86_64-w64-mingw32

wineboot -i >/dev/null 2>&1
wine reg add 'HKCU\Software\Wine' /v Version /d win10 /f >/dev/null 2>&1
mvn -q -B dependency:get -Dartifact=org.bytedeco:cpython:$version:jar:windows-x86_64 -Dtransitive=false
unzip -q -o "$HOME/.m2/repository/org/bytedeco/cpython/$version/cpython-$version-windows-x86_64.jar" -d "$folder/jar"
cp -r "$folder/jar/org/bytedeco/cpython/windows-x86_64" "$python"
cp "$python"/lib/*.dll "$python/"
rm "$python/lib/_wmi.pyd" # asks for what Wine does not do

"$here/.venv/bin/python" "$here/deploy/bundle.py" --plateforme windows --python 3.12 --sortie "$folder/dist"
for wheel in "$folder"/dist/*/wheels/*.whl; do unzip -q -o "$wheel" -d "$python/lib/site-packages"; done
rm -r "$python/lib/site-packages/connector" # the one of the project is run
cp "$python"/lib/site-packages/pywin32_system32/*.dll "$python/"

dll() { "$tool-ld" -shared -e 0 -o "$python/$1" "${@:2}"; }
imports() { "$tool-objdump" -p "$1" | awk '/DLL Name/{dll = $3} /^\t[0-9a-f]+/{print dll, $NF}' | awk -v of="$2" '$1 == of {print $2}'; }

"$tool-nm" "$python/libs/python3.lib" 2>/dev/null | grep -o '__imp_.*' | sed 's/__imp_//' | sort -u |
    awk 'BEGIN {print "LIBRARY python3.dll\nEXPORTS"} {print "  " $1 " = python312." $1}' >"$folder/python3.def"
dll python3.dll "$folder/python3.def"
printf 'LIBRARY bcryptprimitives.dll\nEXPORTS\n  ProcessPrng = advapi32.SystemFunction036\n' >"$folder/prng.def"
dll bcryptprimitives.dll "$folder/prng.def"

math=api-ms-win-crt-math-l1-1-0.dll ours=xpi-ms-win-crt-math-l1-1-0.dll
numpy=$(echo "$python"/lib/site-packages/numpy/_core/_multiarray_umath.*.pyd)
"$tool-as" -o "$folder/complex.o" <<'S'
.globl crealf, cimagf, creal, creall, cimag, cimagl
crealf: movd %ecx, %xmm0
 ret
cimagf: shrq $32, %rcx
 movd %ecx, %xmm0
 ret
creal: creall: movsd (%rcx), %xmm0
 ret
cimag: cimagl: movsd 8(%rcx), %xmm0
 ret
S
imports "$numpy" $math | awk -v name=$ours 'BEGIN {print "LIBRARY " name "\nEXPORTS"}
    /^c(real|imag)/ {print "  " $1; next} {print "  " $1 " = ucrtbase." $1}' >"$folder/math.def"
dll $ours "$folder/complex.o" "$folder/math.def"
sed -i "s/${math%.dll}/${ours%.dll}/" "$numpy"
echo "$folder : prêt"
