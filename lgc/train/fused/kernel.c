/* One training step of straight-through logic layers: forward in packed bits, and gradient, softmax and Adam of a
 * gate and its wires in one pass over the gate's logits, which are read and written once a step.
 *
 * Samples come 64 to a word. B is the number of samples, a multiple of 64: a short batch is filled up with samples
 * whose gradient is zero. Inside a layer a row belongs to a wire (operand A or B of a gate), and x[d] is bit d of the
 * layer's input, one bit a sample.
 *
 * The gradient of a wire's logits needs, for each input d, the sum of the operand's gradient over the samples where
 * x[d] is set: a product with a matrix of bits. The gradient is rounded to 16-bit integers first, scaled so that no
 * sum can overflow; so every way to add gives the same. It is done as in the "method of the four Russians" (Arlazarov,
 * Dinic, Kronrod, Faradzev 1970): for each few samples all sums of their subsets go to a table that fills a vector
 * register, and the bits of x[d] are the index. There is a header for each instruction set.
 */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum { MAX_BATCH = 4096, LINE = 16 }; /* samples of a step; floats of a cache line */

typedef struct {
    float lr;   /* learning rate over 1 - beta1^t */
    float beta1, beta2;
    float root; /* 1 / sqrt(1 - beta2^t) */
    float eps;
} adam_t;

/* Sums of a row of upstream gradients: over all samples, where A is set, where B is, where both are; and of its
 * absolute values over all, where A is set, and where B is. */
typedef struct {
    float all, a, b, both, size, size_a, size_b;
} sums_t;

#include "adam.h"
#ifdef __AVX512BW__
#include "avx512.h"
#else
#include "plain.h"
#ifdef __AVX2__
#include "avx2.h"
#else
#include "portable.h"
#endif
#endif

void lgc_set_threads(long threads)
{
#ifdef _OPENMP
    omp_set_num_threads((int)threads);
#else
    (void)threads;
#endif
}

/* Bits as bytes (n, D) to packed rows (D, B/64). */
void lgc_pack(const uint8_t *bits, long n, long D, long B, uint64_t *rows)
{
    const long words = B / 64;
#pragma omp parallel for schedule(static)
    for (long w = 0; w < words; w++)
        for (long start = 0; start < D; start += 64) {
            const long width = D - start < 64 ? D - start : 64;
            uint64_t block[64] = {0};
            for (long b = 64 * w; b < 64 * (w + 1) && b < n; b++)
                for (long d = 0; d < width; d++)
                    block[d] |= (uint64_t)(bits[b * D + start + d] != 0) << (b % 64);
            for (long d = 0; d < width; d++)
                rows[(start + d) * words + w] = block[d];
        }
}

/* What dense wires take for x (D, B/64); see index_inputs. It needs at most B/2 bytes for each of Dp inputs. */
void lgc_index(const uint64_t *x, long D, long B, long Dp, uint8_t *index)
{
    index_inputs(B, x, D, Dp, index);
}

/* y[n] = table[n](x[wire[0][n]], x[wire[1][n]]); bit a + 2b of a table is the gate's value. */
void lgc_forward(long N, long B, const uint64_t *x, const int32_t *wires, const uint8_t *tables, uint64_t *y)
{
    const long words = B / 64;
#pragma omp parallel for schedule(static)
    for (long n = 0; n < N; n++) {
        const uint64_t *xa = x + wires[n] * words, *xb = x + wires[N + n] * words;
        const uint64_t t0 = -(uint64_t)(tables[n] & 1), t1 = -(uint64_t)(tables[n] >> 1 & 1),
                       t2 = -(uint64_t)(tables[n] >> 2 & 1), t3 = -(uint64_t)(tables[n] >> 3 & 1);
        for (long w = 0; w < words; w++) {
            const uint64_t a = xa[w], b = xb[w];
            y[n * words + w] = (~b & ((~a & t0) | (a & t1))) | (b & ((~a & t2) | (a & t3)));
        }
    }
}

/* scores (classes, B): ones among the N / classes rows of each class. */
void lgc_count(long N, long classes, long B, const uint64_t *y, int32_t *scores)
{
    const long words = B / 64, group = N / classes;
    memset(scores, 0, (size_t)(classes * B) * sizeof *scores);
#pragma omp parallel for schedule(static)
    for (long c = 0; c < classes; c++)
        for (long n = c * group; n < (c + 1) * group; n++)
            for (long w = 0; w < words; w++) {
                const uint64_t word = y[n * words + w];
                int32_t *out = scores + c * B + w * 64;
                for (int i = 0; i < 64; i++)
                    out[i] += (int32_t)(word >> i & 1);
            }
}

/* The 16 gates by id as coefficients of 1, A, B and AB: basis[j][id]. Bit a + 2b of a table is the gate's value. */
static void gate_basis(const uint8_t *table_of_id, float basis[4][16])
{
    for (int i = 0; i < 16; i++) {
        const int t = table_of_id[i], v0 = t & 1, va = t >> 1 & 1, vb = t >> 2 & 1, vab = t >> 3 & 1;
        basis[0][i] = (float)v0, basis[1][i] = (float)(va - v0), basis[2][i] = (float)(vb - v0);
        basis[3][i] = (float)(vab - va - vb + v0);
    }
}

/* mixed (N, 4): each gate's mixture of the 16 functions, as c0 + ca*A + cb*B + cab*A*B. */
void lgc_mix(long N, const float *logits, const uint8_t *table_of_id, float *mixed)
{
    float basis[4][16];
    gate_basis(table_of_id, basis);
#pragma omp parallel for schedule(static)
    for (long n = 0; n < N; n++) {
        const float *own = logits + 16 * n;
        float p[16], largest = own[0], sum = 0;
        for (int i = 1; i < 16; i++)
            largest = own[i] > largest ? own[i] : largest;
        for (int i = 0; i < 16; i++)
            sum += p[i] = exp_(own[i] - largest);
        for (int j = 0; j < 4; j++) {
            float c = 0;
            for (int i = 0; i < 16; i++)
                c += p[i] * basis[j][i];
            mixed[4 * n + j] = c / sum;
        }
    }
}

/* dx (D, B), the gradient by a layer's inputs, from the upstream gradient (N / group, B), one row for each `group`
 * gates. `index` (D + 1 + 2N) is for the operands sorted by their input, each input's in ascending order, so that
 * the order of each sum is the same for any number of threads. */
void lgc_gradient(long N, long D, long B, const int32_t *wires, const float *mixed, const uint64_t *x,
                  const float *upstream, long group, int32_t *index, float *dx)
{
    const long words = B / 64;
    int32_t *start = index, *operands = index + D + 1;
    memset(start, 0, (size_t)(D + 1) * sizeof *start);
    for (long r = 0; r < 2 * N; r++)
        start[wires[r] + 1]++;
    for (long d = 0; d < D; d++)
        start[d + 1] += start[d];
    for (long r = 0; r < 2 * N; r++)
        operands[start[wires[r]]++] = (int32_t)r; /* which moves each start to the next one's */
#pragma omp parallel for schedule(static)
    for (long d = 0; d < D; d++) {
        float *out = dx + d * B;
        memset(out, 0, (size_t)B * sizeof *out);
        for (long i = d ? start[d - 1] : 0; i < start[d]; i++) {
            const long s = operands[i] >= N, n = operands[i] - s * N;
            const float *c = mixed + 4 * n;
            const uint64_t *other = x + wires[(1 - s) * N + n] * words;
            add_by_bits(B, upstream + n / group * B, other, c[1 + s], c[1 + s] + c[3], out);
        }
    }
}

/* What a layer keeps; wires' logits are (2, N, D), or (2, N, K) over candidates (2, N, K), or absent. */
typedef struct {
    long N, D, K;              /* gates, inputs, choices of a wire: D, or candidates, or 0 if the wires are fixed */
    float *logits, *m, *v;     /* of the wires */
    float *top;                /* (2, N): each wire's largest logit */
    const int32_t *candidates; /* NULL: all inputs */
    int32_t *wires;            /* (2, N): what is chosen */
    float *gate_logits, *gate_m, *gate_v; /* (N, 16) */
    uint8_t *tables;           /* (N): truth table of the likeliest gate */
} layer_t;

/* One Adam step of the 16 logits of a gate. Returns the gate that is likeliest. */
static int32_t gate_update(const layer_t *l, long n, const sums_t *sums, const float basis[4][16], const adam_t *adam)
{
    float grad[16], scratch[16], *logits = l->gate_logits + 16 * n, largest = logits[0];
    for (int i = 0; i < 16; i++) {
        grad[i] = sums->all * basis[0][i] + sums->a * basis[1][i] + sums->b * basis[2][i] + sums->both * basis[3][i];
        largest = logits[i] > largest ? logits[i] : largest;
    }
    const float top =
        softmax_adam(16, grad, logits, l->gate_m + 16 * n, l->gate_v + 16 * n, scratch, largest, *adam);
    return first_equal(logits, 16, top);
}

/* The gradient of an operand of a gate as integers with sum |q| < 2^15: the upstream gradient times `clear` or `set`
 * by the other operand's bit. `size` is the sum of its absolute values. Returns the integers' unit, or 0 where the
 * gradient is zero. */
static float quantise(long B, const float *up, const uint64_t *other, float clear, float set, float size, int16_t *q)
{
    const float scale = size > 1e-30f ? (32767.0f - MAX_BATCH / 2) / size : 0;
    round_by_bits(B, up, other, clear * scale, set * scale, q);
    return scale > 0 ? 1 / scale : 0;
}

/* What wire_update will read, on its way from memory while the gradient is summed. */
static void fetch(const layer_t *l, long row)
{
    const long end = (row + 1) * l->K;
    for (long i = row * l->K; i < end; i += LINE) {
        __builtin_prefetch(l->logits + i, 1);
        __builtin_prefetch(l->m + i, 1);
        __builtin_prefetch(l->v + i, 1);
    }
}

/* One Adam step of the logits of a wire from the gradient g of its choices. Returns the choice that is likeliest. */
static int32_t wire_update(const layer_t *l, long row, const float *g, float *e, adam_t adam)
{
    const long at = row * l->K;
    l->top[row] = softmax_adam(l->K, g, l->logits + at, l->m + at, l->v + at, e, l->top[row], adam);
    return first_equal(l->logits + at, l->K, l->top[row]);
}

static void dense_wires(const layer_t *l, long n, long B, int16_t q[2][MAX_BATCH], const float unit[2],
                        const uint8_t *index, long Dp, float *work, adam_t adam)
{
    float *const g[2] = {work, work + Dp};
    for (int s = 0; s < 2; s++)
        fetch(l, s * l->N + n);
    all_sums(B, Dp, q, unit, index, g);
    for (int s = 0; s < 2; s++)
        l->wires[s * l->N + n] = wire_update(l, s * l->N + n, g[s], work + 2 * Dp, adam);
}

static void picked_wires(const layer_t *l, long n, long B, int16_t q[2][MAX_BATCH], const float unit[2],
                         const uint64_t *x, long Kp, float *work, adam_t adam)
{
    for (int s = 0; s < 2; s++) {
        const long row = s * l->N + n;
        const int32_t *picks = l->candidates + row * l->K, *next = n + 1 < l->N ? picks + l->K : picks;
        fetch(l, row);
        picked_sums(B, x, picks, next, l->K, q[s], unit[s], work);
        l->wires[row] = picks[wire_update(l, row, work, work + Kp, adam)];
    }
}

/* Backward and update of the gates first to last - 1 of a layer, whose gates' mixtures are `mixed` (N, 4). Upstream is as for lgc_gradient; `index`,
 * for dense wires, is from lgc_index. Dp is the number of choices of a wire, filled up to a multiple of 32; `work` is
 * (threads, work_size), with a work_size of at least Dp (3 + B / 16). */
void lgc_update(const layer_t *l, long first, long last, long B, const uint64_t *x, const uint8_t *index, long Dp, const float *mixed,
                const float *upstream, long group, const uint8_t *table_of_id, float *work, long work_size,
                const adam_t *adam)
{
    const long N = l->N, words = B / 64;
    float basis[4][16];
    gate_basis(table_of_id, basis);
#pragma omp parallel
    {
#ifdef _OPENMP
        float *own = work + omp_get_thread_num() * work_size;
#else
        float *own = work;
#endif
        const unsigned mode = flush_denormals();
        int16_t q[2][MAX_BATCH];
#pragma omp for schedule(dynamic, 32)
        for (long n = first; n < last; n++) {
            const float *up = upstream + n / group * B, *c = mixed + 4 * n;
            const uint64_t *a = x + l->wires[n] * words, *b = x + l->wires[N + n] * words;
            const sums_t sums = sums_by_bits(B, up, a, b);
            if (l->K) {
                const float set_a = c[1] + c[3], set_b = c[2] + c[3];
                const float size_a = fabsf(c[1]) * (sums.size - sums.size_b) + fabsf(set_a) * sums.size_b;
                const float size_b = fabsf(c[2]) * (sums.size - sums.size_a) + fabsf(set_b) * sums.size_a;
                const float unit[2] = {quantise(B, up, b, c[1], set_a, size_a, q[0]),
                                       quantise(B, up, a, c[2], set_b, size_b, q[1])};
                if (l->candidates)
                    picked_wires(l, n, B, q, unit, x, Dp, own, *adam);
                else
                    dense_wires(l, n, B, q, unit, index, Dp, own, *adam);
            }
            l->tables[n] = table_of_id[gate_update(l, n, &sums, basis, adam)];
        }
        restore_mode(mode);
    }
}
