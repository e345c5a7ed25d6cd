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

/* What dense wires take at each of P positions, of the D inputs x (P, D, B/64) there; see index_inputs. It needs at
 * most B/2 bytes for each of Dp inputs of a position. */
void lgc_index(const uint64_t *x, long P, long D, long B, long Dp, uint8_t *index)
{
    for (long p = 0; p < P; p++)
        index_inputs(B, x + p * D * (B / 64), D, Dp, index + p * Dp * (B / 2));
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

/* y (N P, B/64): the layer's outputs. */
void lgc_forward(const layer_t *l, long B, const uint64_t *x, uint64_t *y)
{
    const long words = B / 64;
#pragma omp parallel for schedule(static)
    for (long i = 0; i < l->N * l->P; i++) {
        const long n = i / l->P, offset = l->offset[i - n * l->P];
        for (long w = 0; w < words; w += 8) {
            const size_t size = (size_t)(words - w < 8 ? words - w : 8) * sizeof *x;
            uint64_t in[MAX_OPERANDS][8] = {{0}}, out[8];
            for (long s = 0; s < l->R; s++)
                memcpy(in[s], x + (l->wires[s * l->N + n] + offset) * words + w, size);
            look_up_any(l->R, l->tables[n], in, out);
            memcpy(y + i * words + w, out, size);
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

/* soft (N, softness): the nodes first to last - 1 as the mixtures that gradients are of. */
void lgc_soften(const layer_t *l, long first, long last, float *soft)
{
    kind_of(l)->soften(l, first, last, soft);
}

/* y (O, B/64): of each window (M), M rows of x, whether any is set. */
void lgc_pool(long O, long M, long B, const int32_t *window, const uint64_t *x, uint64_t *y)
{
    const long words = B / 64;
#pragma omp parallel for schedule(static)
    for (long o = 0; o < O; o++)
        for (long w = 0; w < words; w++) {
            uint64_t any = 0;
            for (long i = 0; i < M; i++)
                any |= x[window[o * M + i] * words + w];
            y[o * words + w] = any;
        }
}

/* dx (O M, B) of windows that share no row: an input decides about a window where no other is set. */
void lgc_pool_gradient(long O, long M, long B, const int32_t *window, const uint64_t *x, const float *upstream,
                       float *dx)
{
    const long words = B / 64;
#pragma omp parallel for schedule(static)
    for (long o = 0; o < O; o++)
        for (long w = 0; w < words; w++) {
            uint64_t once = 0, twice = 0;
            for (long i = 0; i < M; i++) {
                const uint64_t bits = x[window[o * M + i] * words + w];
                twice |= once & bits;
                once |= bits;
            }
            for (long i = 0; i < M; i++) {
                const long row = window[o * M + i];
                const uint64_t decides = ~twice & (~once | x[row * words + w]);
                const float *up = upstream + o * B + 64 * w;
                float *out = dx + row * B + 64 * w;
                for (int b = 0; b < 64; b++)
                    out[b] = decides >> b & 1 ? up[b] : 0;
            }
        }
}

/* Node n at position p: its operands' rows, its upstream gradient and its mixture. */
static void point_at(seen_t *seen, const pass_t *pass, long n, long p)
{
    const layer_t *l = pass->l;
    for (long s = 0; s < l->R; s++)
        seen->row[s] = pass->x + (l->wires[s * l->N + n] + l->offset[p]) * (pass->B / 64);
    seen->up = pass->upstream + (n * l->P + p) / pass->group * pass->B;
    seen->soft = pass->soft + n * softness(l);
}

/* dx (D, B), the gradient by a layer's inputs. `index` (D + 1 + R N P) is for the operands sorted by their input, each
 * input's in ascending order, so that the order of each sum is the same for any number of threads. */
void lgc_gradient(const pass_t *pass, int32_t *index, float *dx)
{
    const layer_t *l = pass->l;
    const long D = l->D, B = pass->B, P = l->P, wires = l->R * l->N;
    const kind_t *kind = kind_of(l);
    int32_t *start = index, *order = index + D + 1;
    memset(start, 0, (size_t)(D + 1) * sizeof *start);
    for (long r = 0; r < wires; r++)
        for (long p = 0; p < P; p++)
            start[l->wires[r] + l->offset[p] + 1]++;
    for (long d = 0; d < D; d++)
        start[d + 1] += start[d];
    for (long r = 0; r < wires; r++)
        for (long p = 0; p < P; p++) /* which moves each start to the next one's */
            order[start[l->wires[r] + l->offset[p]]++] = (int32_t)(r * P + p);
#pragma omp parallel for schedule(static)
    for (long d = 0; d < D; d++) {
        float *out = dx + d * B;
        seen_t seen;
        memset(out, 0, (size_t)B * sizeof *out);
        for (long i = d ? start[d - 1] : 0; i < start[d]; i++) {
            const long row = order[i] / P, s = row / l->N;
            point_at(&seen, pass, row - s * l->N, order[i] - row * P);
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

/* One Adam step of the logits of a wire from the gradient g of its choices. Returns the row of what is likeliest. */
static int32_t wire_update(const layer_t *l, long row, const float *g, float *e, adam_t adam)
{
    const long at = row * l->K;
    const softmax_t terms = softmax_terms(l->K, g, l->logits + at, e, l->top[row]);
    l->top[row] = softmax_adam(l->K, g, l->logits + at, l->m + at, l->v + at, e, terms, adam);
    const int32_t choice = first_equal(l->logits + at, l->K, l->top[row]);
    return l->candidates ? l->candidates[at + choice] : l->field ? l->field[choice] : choice;
}

/* g[i] (K): by each choice of operand s + i of node n the gradient q[i] at position p; of one operand or two. */
static void wire_sums_at(const pass_t *pass, int operands, long n, long s, long p, int16_t q[2][ROUNDED],
                         const float unit[2], const uint8_t *index, long Dp, float *const g[2])
{
    const layer_t *l = pass->l;
    const long words = pass->B / 64;
    if (!l->candidates) {
        all_sums(operands, pass->B, Dp, q, unit, index + p * Dp * (pass->B / 2), g);
        return;
    }
    const uint64_t *x = pass->x + l->offset[p] * words;
    const int last = p + 1 == l->P;
    for (int i = 0; i < operands; i++) {
        const int32_t *picks = l->candidates + ((s + i) * l->N + n) * l->K;
        const picks_t from = {x, pass->x + l->offset[last ? 0 : p + 1] * words, picks,
                              last && n + 1 < l->N ? picks + l->K : picks, l->K};
        picked_sums(pass->B, &from, q[i], unit[i], g[i]);
    }
}

/* Backward and update of the wires of one or two operands of node n, from operand s on: `wires` are what they choose
 * then. Until the last operand is done, the node reads what it has read. `work` has the sums over all
 * positions so far, and behind them those of one, which may use what is behind those, too. */
static inline __attribute__((always_inline)) void update_wires(const kind_t *kind, const pass_t *pass, long n, long s,
                                                               seen_t *seen, const uint8_t *index, long Dp,
                                                               float *work, const adam_t *adam, int32_t *wires)
{
    const layer_t *l = pass->l;
    const int operands = l->R - s < 2 ? 1 : 2;
    float *const total[2] = {work, work + Dp}, *const here[2] = {work + 2 * Dp, work + 3 * Dp};
    int16_t q[2][ROUNDED];
    float unit[2];
    memset(q[0] + pass->B, 0, (ROUNDED - MAX_BATCH) * sizeof *q[0]);
    memset(q[1] + pass->B, 0, (ROUNDED - MAX_BATCH) * sizeof *q[1]);
    for (int i = 0; i < operands; i++)
        fetch(l, (s + i) * l->N + n);
    for (long p = 0; p < l->P; p++) {
        if (l->P > 1) { /* the only position has been looked at */
            point_at(seen, pass, n, p);
            kind->look(l->R, pass->B, seen);
        }
        for (int i = 0; i < operands; i++)
            unit[i] = kind->quantise(l->R, pass->B, seen, (int)(s + i), q[i]);
        wire_sums_at(pass, operands, n, s, p, q, unit, index, Dp, p ? here : total);
        for (int i = 0; p && i < operands; i++)
            for (long d = 0; d < l->K; d++)
                total[i][d] += here[i][d];
    }
    for (int i = 0; i < operands; i++)
        wires[i] = wire_update(l, (s + i) * l->N + n, total[i], here[0], *adam);
}

/* Backward and update of node n. */
static inline __attribute__((always_inline)) void update_node(const kind_t *kind, const pass_t *pass, long n,
                                                              seen_t *seen, const uint8_t *index, long Dp,
                                                              float *work, const adam_t *adam)
{
    const layer_t *l = pass->l;
    memset(seen->gradient, 0, sizeof seen->gradient);
    for (long p = 0; p < l->P; p++) {
        point_at(seen, pass, n, p);
        kind->look(l->R, pass->B, seen);
        kind->gather(l->R, pass->B, seen);
    }
    int32_t wires[MAX_OPERANDS];
    for (long s = 0; l->K && s < l->R; s += 2)
        update_wires(kind, pass, n, s, seen, index, Dp, work, adam, wires + s);
    for (long s = 0; l->K && s < l->R; s++)
        l->wires[s * l->N + n] = wires[s];
    l->tables[n] = kind->learn(l, n, seen, adam);
}

/* Backward and update of the nodes first to last - 1 of a layer. `index`, for dense wires, is from lgc_index. Dp is the
 * number of choices of a wire, filled up to a multiple of 32; `work` is (threads, work_size), with a work_size of at
 * least Dp (5 + B / 16). */
void lgc_update(const pass_t *pass, long first, long last, const uint8_t *index, long Dp, float *work, long work_size,
                const adam_t *adam)
{
#pragma omp parallel
    {
#ifdef _OPENMP
        float *own = work + omp_get_thread_num() * work_size;
#else
        float *own = work;
#endif
        const unsigned mode = flush_denormals();
        seen_t seen;
#pragma omp for schedule(dynamic, 4)
        for (long n = first; n < last; n++) {
            if (pass->l->functions)
                update_node(&GATES, pass, n, &seen, index, Dp, own, adam);
            else
                update_node(&TABLES, pass, n, &seen, index, Dp, own, adam);
        }
        restore_mode(mode);
    }
}
