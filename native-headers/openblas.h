/*
 * OpenBLAS 0.3.31: the CBLAS, LAPACKE and openblas_* calls this project uses.
 * Declarations equal those of the vendor's cblas.h and lapacke.h in an LP64 build (32-bit blasint
 * and lapack_int); the conformance test of the generator compares them.
 */
#ifndef GATUN_OPENBLAS_H
#define GATUN_OPENBLAS_H

typedef int blasint;
typedef int lapack_int;

enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 };
enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112, CblasConjTrans = 113, CblasConjNoTrans = 114 };
enum CBLAS_UPLO { CblasUpper = 121, CblasLower = 122 };
enum CBLAS_DIAG { CblasNonUnit = 131, CblasUnit = 132 };
enum CBLAS_SIDE { CblasLeft = 141, CblasRight = 142 };

/* openblas_get_parallel */
#define OPENBLAS_SEQUENTIAL 0
#define OPENBLAS_THREAD 1
#define OPENBLAS_OPENMP 2

/* matrix_layout of LAPACKE, and its two errors for memory it could not allocate */
#define LAPACK_ROW_MAJOR 101
#define LAPACK_COL_MAJOR 102
#define LAPACK_WORK_MEMORY_ERROR -1010
#define LAPACK_TRANSPOSE_MEMORY_ERROR -1011

/* The library itself. The strings are static: never freed. */
void openblas_set_num_threads(int num_threads);
int openblas_set_num_threads_local(int num_threads);
int openblas_get_num_threads(void);
int openblas_get_num_procs(void);
char *openblas_get_config(void);
char *openblas_get_corename(void);
int openblas_get_parallel(void);

/* Level 1 */
float cblas_sdot(const blasint n, const float *x, const blasint incx, const float *y, const blasint incy);
double cblas_ddot(const blasint n, const double *x, const blasint incx, const double *y, const blasint incy);
float cblas_sasum(const blasint n, const float *x, const blasint incx);
float cblas_snrm2(const blasint n, const float *x, const blasint incx);
double cblas_dnrm2(const blasint n, const double *x, const blasint incx);
void cblas_saxpy(const blasint n, const float alpha, const float *x, const blasint incx, float *y, const blasint incy);
void cblas_daxpy(const blasint n, const double alpha, const double *x, const blasint incx, double *y, const blasint incy);
void cblas_scopy(const blasint n, const float *x, const blasint incx, float *y, const blasint incy);
void cblas_sscal(const blasint n, const float alpha, float *x, const blasint incx);
void cblas_dscal(const blasint n, const double alpha, double *x, const blasint incx);

/* Level 2 */
void cblas_sgemv(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE trans, const blasint m, const blasint n,
                 const float alpha, const float *a, const blasint lda, const float *x, const blasint incx,
                 const float beta, float *y, const blasint incy);
void cblas_dgemv(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE trans, const blasint m, const blasint n,
                 const double alpha, const double *a, const blasint lda, const double *x, const blasint incx,
                 const double beta, double *y, const blasint incy);
void cblas_sger(const enum CBLAS_ORDER order, const blasint m, const blasint n, const float alpha, const float *x,
                const blasint incx, const float *y, const blasint incy, float *a, const blasint lda);

/* Level 3 */
void cblas_sgemm(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE transA, const enum CBLAS_TRANSPOSE transB,
                 const blasint m, const blasint n, const blasint k, const float alpha, const float *a,
                 const blasint lda, const float *b, const blasint ldb, const float beta, float *c, const blasint ldc);
void cblas_dgemm(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE transA, const enum CBLAS_TRANSPOSE transB,
                 const blasint m, const blasint n, const blasint k, const double alpha, const double *a,
                 const blasint lda, const double *b, const blasint ldb, const double beta, double *c,
                 const blasint ldc);
void cblas_ssyrk(const enum CBLAS_ORDER order, const enum CBLAS_UPLO uplo, const enum CBLAS_TRANSPOSE trans,
                 const blasint n, const blasint k, const float alpha, const float *a, const blasint lda,
                 const float beta, float *c, const blasint ldc);

void cblas_dtrsm(const enum CBLAS_ORDER order, const enum CBLAS_SIDE side, const enum CBLAS_UPLO uplo,
                 const enum CBLAS_TRANSPOSE transA, const enum CBLAS_DIAG diag, const blasint m, const blasint n,
                 const double alpha, const double *a, const blasint lda, double *b, const blasint ldb);

/* LAPACKE: QR (geqrf, orgqr), singular values (gesdd), symmetric eigenvalues (syevd), Cholesky (potrf) */
lapack_int LAPACKE_sgeqrf(int matrix_layout, lapack_int m, lapack_int n, float *a, lapack_int lda, float *tau);
lapack_int LAPACKE_dgeqrf(int matrix_layout, lapack_int m, lapack_int n, double *a, lapack_int lda, double *tau);
lapack_int LAPACKE_sorgqr(int matrix_layout, lapack_int m, lapack_int n, lapack_int k, float *a, lapack_int lda,
                          const float *tau);
lapack_int LAPACKE_dorgqr(int matrix_layout, lapack_int m, lapack_int n, lapack_int k, double *a, lapack_int lda,
                          const double *tau);
lapack_int LAPACKE_sgesdd(int matrix_layout, char jobz, lapack_int m, lapack_int n, float *a, lapack_int lda, float *s,
                          float *u, lapack_int ldu, float *vt, lapack_int ldvt);
lapack_int LAPACKE_ssyevd(int matrix_layout, char jobz, char uplo, lapack_int n, float *a, lapack_int lda, float *w);
lapack_int LAPACKE_dpotrf(int matrix_layout, char uplo, lapack_int n, double *a, lapack_int lda);

#endif
