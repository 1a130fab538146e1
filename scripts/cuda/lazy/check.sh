#!/usr/bin/env bash
# Checks the libraries that build.sh made: without the shared library a call returns its error code; with one, arguments and
# result pass unchanged at the first call and at the second.   scripts/cuda/lazy/check.sh OUT
set -euo pipefail
out=${1:?usage: check.sh OUT}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/shared.c" <<'C'
#include <stdio.h>
int cublasDgemm_v2(void *handle, int ta, int tb, int m, int n, int k, const double *alpha, const double *a, int lda,
                   const double *b, int ldb, const double *beta, double *c, int ldc) {
    return printf("%d %d %d %d %d %d %d %d %g %g\n", ta, tb, m, n, k, lda, ldb, ldc, *alpha, *beta) + (handle == a) + (b == c);
}
int cublasSscal_v2(double a, float b, double c, float d, double e, float f, double g, float h) {
    return printf("%g %g %g %g %g %g %g %g\n", a, b, c, d, e, f, g, h);
}
C
cat > "$work/main.c" <<'C'
#include <stdio.h>
int cublasDgemm_v2(void *, int, int, int, int, int, const double *, const double *, int, const double *, int, const double *, double *, int);
int cublasSscal_v2(double, float, double, float, double, float, double, float);
int cublasSaxpy_v2(void), cuInit(unsigned);
const char *cublasGetStatusString(int);
int main(void) {
    double alpha = 0.5, beta = 0.25, a, b;
    for (int i = 0; i < 2; i++) {
        printf("= %d\n", cublasDgemm_v2(&a, 1, 2, 3, 4, 5, &alpha, &a, 6, &b, 7, &beta, &b, 8));
        printf("= %d\n", cublasSscal_v2(1, 2, 3, 4, 5, 6, 7, 8));
        printf("= %d %d %s\n", cublasSaxpy_v2(), cuInit(0), cublasGetStatusString(1));
    }
}
C
gcc -O2 -pie -fPIE "$work/main.c" -o "$work/main" -L"$out" -lcublas -lcuda
gcc -shared -fPIC "$work/shared.c" -o "$work/libcublas.so.13"

said=$(LD_LIBRARY_PATH=$work "$work/main" | sed 's/= 1 [0-9]* /= 1 - /')
once=$'1 2 3 4 5 6 7 8 0.5 0.25\n= 27\n1 2 3 4 5 6 7 8\n= 16\n= 1 - the shared library was not found'
if [[ $said != "$once"$'\n'"$once" ]]; then
  printf 'lazy/check.sh: with a shared library the calls said\n%s\n' "$said" >&2
  exit 1
fi
if ! ldconfig -p 2> /dev/null | grep -q 'libcublas\.so'; then
  said=$("$work/main" | head -2)
  [[ $said == $'= 1\n= 1' ]] || { printf 'lazy/check.sh: without a shared library the calls said\n%s\n' "$said" >&2; exit 1; }
fi
echo "lazy libraries: calls pass unchanged, and return an error where the library is missing"
