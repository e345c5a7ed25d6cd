/* One training step of straight-through layers of gates or of tables: forward in packed bits, and gradient, softmax and
 * Adam of a node and its wires in one pass over the node's logits, which are read and written once a step.
 *
 * Samples come 64 to a word. B is the number of samples, a multiple of 64: a short batch is filled up with samples
 * whose gradient is zero. Inside a layer a row belongs to a wire (operand s of node n is row s N + n), and x[d] is bit
 * d of the layer's input, one bit a sample.
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

#include "layer.h"
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
#include "gates.h"
#include "tables.h"

static const kind_t *kind_of(const layer_t *l)
{
    return l->functions ? &GATES : &TABLES;
}

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

/* Eight words of a table of R inputs at its operands' bits: a tree of multiplexers. */
static inline __attribute__((always_inline)) void look_up(int R, uint64_t table, uint64_t x[][8], uint64_t *y)
{
    uint64_t value[MAX_ENTRIES / 2][8];
    for (int i = 0; i < 1 << (R - 1); i++) {
        const uint64_t low = -(table >> 2 * i & 1), high = -(table >> (2 * i + 1) & 1);
        for (int w = 0; w < 8; w++)
            value[i][w] = low ^ ((low ^ high) & x[0][w]);
    }
    for (int s = 1; s < R; s++)
        for (int i = 0; i < 1 << (R - 1 - s); i++)
            for (int w = 0; w < 8; w++)
                value[i][w] = value[2 * i][w] ^ ((value[2 * i][w] ^ value[2 * i + 1][w]) & x[s][w]);
    memcpy(y, value[0], 8 * sizeof *y);
}

static void look_up_any(long R, uint64_t table, uint64_t x[][8], uint64_t *y)
{
    switch (R) {
    case 2: look_up(2, table, x, y); break;
    case 3: look_up(3, table, x, y); break;
    case 4: look_up(4, table, x, y); break;
    case 5: look_up(5, table, x, y); break;
    default: look_up(6, table, x, y);
    }
}

/* y (N, B/64): the layer's outputs. */
void lgc_forward(const layer_t *l, long B, const uint64_t *x, uint64_t *y)
{
    const long words = B / 64;
#pragma omp parallel for schedule(static)
    for (long n = 0; n < l->N; n++)
        for (long w = 0; w < words; w += 8) {
            const size_t size = (size_t)(words - w < 8 ? words - w : 8) * sizeof *x;
            uint64_t in[MAX_OPERANDS][8] = {{0}}, out[8];
            for (long s = 0; s < l->R; s++)
                memcpy(in[s], x + l->wires[s * l->N + n] * words + w, size);
            look_up_any(l->R, l->tables[n], in, out);
            memcpy(y + n * words + w, out, size);
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

/* soft (N, softness): the nodes first to last - 1 as the mixtures that gradients are of. */
void lgc_soften(const layer_t *l, long first, long last, float *soft)
{
    kind_of(l)->soften(l, first, last, soft);
}

static void point_at(seen_t *seen, const layer_t *l, long n, long words, const uint64_t *x)
{
    for (long s = 0; s < l->R; s++)
        seen->row[s] = x + l->wires[s * l->N + n] * words;
}

/* dx (D, B), the gradient by a layer's inputs, from the upstream gradient (N / group, B), one row for each `group`
 * nodes. `index` (D + 1 + R N) is for the operands sorted by their input, each input's in ascending order, so that
 * the order of each sum is the same for any number of threads. */
void lgc_gradient(const layer_t *l, long B, const float *soft, const uint64_t *x, const float *upstream, long group,
                  int32_t *index, float *dx)
{
    const long D = l->D, operands = l->R * l->N, width = softness(l);
    const kind_t *kind = kind_of(l);
    int32_t *start = index, *order = index + D + 1;
    memset(start, 0, (size_t)(D + 1) * sizeof *start);
    for (long r = 0; r < operands; r++)
        start[l->wires[r] + 1]++;
    for (long d = 0; d < D; d++)
        start[d + 1] += start[d];
    for (long r = 0; r < operands; r++)
        order[start[l->wires[r]]++] = (int32_t)r; /* which moves each start to the next one's */
#pragma omp parallel for schedule(static)
    for (long d = 0; d < D; d++) {
        float *out = dx + d * B;
        seen_t seen;
        memset(out, 0, (size_t)B * sizeof *out);
        for (long i = d ? start[d - 1] : 0; i < start[d]; i++) {
            const long s = order[i] / l->N, n = order[i] - s * l->N;
            point_at(&seen, l, n, B / 64, x);
            seen.up = upstream + n / group * B, seen.soft = soft + n * width;
            kind->add(l->R, B, &seen, (int)s, out);
        }
    }
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
    const softmax_t terms = softmax_terms(l->K, g, l->logits + at, e, l->top[row]);
    l->top[row] = softmax_adam(l->K, g, l->logits + at, l->m + at, l->v + at, e, terms, adam);
    return first_equal(l->logits + at, l->K, l->top[row]);
}

/* Backward and update of `operands` dense wires of node n, one or two, from operand s on. */
static void dense_wires(int operands, const layer_t *l, long n, long s, long B, int16_t q[2][MAX_BATCH],
                        const float unit[2], const uint8_t *index, long Dp, float *work, adam_t adam)
{
    float *const g[2] = {work, work + Dp};
    for (int i = 0; i < operands; i++)
        fetch(l, (s + i) * l->N + n);
    all_sums(operands, B, Dp, q, unit, index, g);
    for (int i = 0; i < operands; i++) {
        const long row = (s + i) * l->N + n;
        l->wires[row] = wire_update(l, row, g[i], work + 2 * Dp, adam);
    }
}

/* The same of wires over candidates. */
static void picked_wires(int operands, const layer_t *l, long n, long s, long B, int16_t q[2][MAX_BATCH],
                         const float unit[2], const uint64_t *x, long Kp, float *work, adam_t adam)
{
    for (int i = 0; i < operands; i++) {
        const long row = (s + i) * l->N + n;
        const int32_t *picks = l->candidates + row * l->K, *next = n + 1 < l->N ? picks + l->K : picks;
        fetch(l, row);
        picked_sums(B, x, picks, next, l->K, q[i], unit[i], work);
        l->wires[row] = picks[wire_update(l, row, work, work + Kp, adam)];
    }
}

/* Backward and update of node n, whose row of upstream gradients and whose mixture `seen` has. */
static inline __attribute__((always_inline)) void update_node(const kind_t *kind, const layer_t *l, long n, long B,
                                                              seen_t *seen, const uint64_t *x, const uint8_t *index,
                                                              long Dp, float *work, const adam_t *adam)
{
    int16_t q[2][MAX_BATCH];
    float unit[2];
    kind->look(l->R, B, seen);
    for (long s = 0; l->K && s < l->R; s += 2) {
        const int operands = l->R - s < 2 ? 1 : 2;
        for (int i = 0; i < operands; i++)
            unit[i] = kind->quantise(l->R, B, seen, (int)s + i, q[i]);
        if (l->candidates)
            picked_wires(operands, l, n, s, B, q, unit, x, Dp, work, *adam);
        else
            dense_wires(operands, l, n, s, B, q, unit, index, Dp, work, *adam);
    }
    l->tables[n] = kind->learn(l, n, B, seen, adam);
}

/* Backward and update of the nodes first to last - 1 of a layer, whose mixtures are `soft`. Upstream is as for
 * lgc_gradient; `index`, for dense wires, is from lgc_index. Dp is the number of choices of a wire, filled up to a
 * multiple of 32; `work` is (threads, work_size), with a work_size of at least Dp (3 + B / 16). */
void lgc_update(const layer_t *l, long first, long last, long B, const uint64_t *x, const uint8_t *index, long Dp,
                const float *soft, const float *upstream, long group, float *work, long work_size,
                const adam_t *adam)
{
    const long width = softness(l);
#pragma omp parallel
    {
#ifdef _OPENMP
        float *own = work + omp_get_thread_num() * work_size;
#else
        float *own = work;
#endif
        const unsigned mode = flush_denormals();
        seen_t seen;
#pragma omp for schedule(dynamic, 32)
        for (long n = first; n < last; n++) {
            seen.up = upstream + n / group * B, seen.soft = soft + n * width;
            point_at(&seen, l, n, B / 64, x);
            if (l->functions)
                update_node(&GATES, l, n, B, &seen, x, index, Dp, own, adam);
            else
                update_node(&TABLES, l, n, B, &seen, x, index, Dp, own, adam);
        }
        restore_mode(mode);
    }
}
