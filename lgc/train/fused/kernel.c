/* One training step of straight-through logic layers: forward in packed bits, and gradient, softmax and Adam of a
 * gate and its wires in one pass over the gate's logits, which are read and written once a step.
 *
 * Samples come 64 to a word. B is the number of samples, a multiple of 64: a short batch is filled up with samples
 * whose gradient is zero. Inside a layer a row belongs to a wire (operand A or B of a gate), and x[d] is bit d of the
 * layer's input, one bit a sample.
 *
 * The gradient of a wire's logits needs, for each input d, the sum of the upstream gradient over the samples
 * where x[d] is set: a product with a matrix of bits. It is done as in the "method of the four Russians"
 * (Arlazarov, Dinic, Kronrod, Faradzev 1970): for each four samples the 16 possible sums go to a table, and the
 * four bits of x[d] are its index. A table of 16 bytes is one vector register, and a look-up one byte shuffle for 32
 * inputs. The upstream gradient is rounded to 16-bit integers first, scaled so that no sum can overflow.
 */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

enum { MAX_BATCH = 4096 };

typedef struct {
    float lr;   /* learning rate over 1 - beta1^t */
    float beta1, beta2;
    float root; /* 1 / sqrt(1 - beta2^t) */
    float eps;
} adam_t;

void lgc_set_threads(long threads)
{
#ifdef _OPENMP
    omp_set_num_threads((int)threads);
#else
    (void)threads;
#endif
}

/* Bits as bytes (n, D) to packed rows (D, B/64) and to nibbles (B/4, Dp), where bit j of nibble k is sample 4k + j. */
void lgc_pack(const uint8_t *bits, long n, long D, long stride, long B, long Dp, uint64_t *rows, uint8_t *nibbles)
{
    const long words = B / 64;
    memset(rows, 0, (size_t)(D * words) * sizeof *rows);
    if (nibbles)
        memset(nibbles, 0, (size_t)(B / 4 * Dp));
    for (long b = 0; b < n; b++) {
        const uint8_t *sample = bits + b * stride;
        for (long d = 0; d < D; d++)
            rows[d * words + b / 64] |= (uint64_t)(sample[d] != 0) << (b % 64);
        if (nibbles)
            for (long d = 0; d < D; d++)
                nibbles[b / 4 * Dp + d] |= (uint8_t)((sample[d] != 0) << (b % 4));
    }
}

/* Packed rows (D, B/64) to nibbles (B/4, Dp): the outputs of one layer as inputs of the next. */
void lgc_nibbles(const uint64_t *rows, long D, long B, long Dp, uint8_t *nibbles)
{
    const long words = B / 64;
#pragma omp parallel for schedule(static)
    for (long k = 0; k < B / 4; k++)
        for (long d = 0; d < D; d++)
            nibbles[k * Dp + d] = (rows[d * words + k / 16] >> (k % 16 * 4)) & 15;
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

/* Moments of unlikely wires fade into denormal numbers, which some processors compute a hundred times slower. */
static unsigned flush_denormals(void)
{
#ifdef __SSE2__
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    return mode;
#else
    return 0;
#endif
}

static void restore_mode(unsigned mode)
{
#ifdef __SSE2__
    _mm_setcsr(mode);
#else
    (void)mode;
#endif
}

static inline float exp_(float x) /* of x <= 0, to 3e-7; zero below -87 */
{
    const float y = x * 1.44269504088896341f;
    const float whole = rintf(y < -126.0f ? -126.0f : y);
    const float f = y < -126.0f ? 0.0f : y - whole;
    float p = 1.33977365e-3f;
    p = p * f + 9.67682712e-3f;
    p = p * f + 5.55036329e-2f;
    p = p * f + 2.40221256e-1f;
    p = p * f + 6.93147182e-1f;
    p = p * f + 1.0f;
    const int32_t exponent = ((int32_t)whole + 127) << 23;
    float scale;
    memcpy(&scale, &exponent, sizeof scale);
    return y < -126.0f ? 0.0f : p * scale;
}

/* Logits w (D) with gradient g of sum_d softmax(w)_d: one Adam step. Returns the largest new logit. */
static float softmax_adam(long D, const float *restrict g, float *restrict w, float *restrict m, float *restrict v,
                          float *restrict e, float largest, adam_t adam)
{
    float sum = 0, dot = 0;
    for (long d = 0; d < D; d++) {
        e[d] = exp_(w[d] - largest);
        sum += e[d];
        dot += e[d] * g[d];
    }
    const float norm = 1 / sum, mean = dot * norm;
    float top = -3e38f;
    for (long d = 0; d < D; d++) {
        const float grad = e[d] * norm * (g[d] - mean);
        m[d] += (1 - adam.beta1) * (grad - m[d]);
        v[d] += (1 - adam.beta2) * (grad * grad - v[d]);
        w[d] -= adam.lr * m[d] / (sqrtf(v[d]) * adam.root + adam.eps);
        top = w[d] > top ? w[d] : top;
    }
    return top;
}

static int32_t first_equal(const float *w, long D, float value)
{
    long d = 0;
    for (; d + 32 <= D; d += 32) {
        int any = 0;
        for (int i = 0; i < 32; i++)
            any |= w[d + i] == value;
        if (any)
            break;
    }
    while (d < D - 1 && w[d] != value)
        d++;
    return (int32_t)d;
}

/* q = to * scale as integers with sum |q| < 2^15; returns 1 / scale, or 0 where the gradient is zero. */
static float quantise(long B, const float *to, int16_t *q)
{
    float total = 0;
    for (long b = 0; b < B; b++)
        total += fabsf(to[b]);
    if (!(total > 1e-30f))
        return 0;
    const float scale = (32767.0f - MAX_BATCH / 2) / total;
    for (long b = 0; b < B; b++)
        q[b] = (int16_t)lrintf(to[b] * scale);
    return 1 / scale;
}

/* Subset sums: for each four samples the 16 sums of their subsets, first all low bytes, then all high bytes. */
#ifdef __AVX2__
enum { TILES = 4 };

static void subset_sums(long B, const int16_t *q, uint8_t *tables)
{
    const __m256i in0 = _mm256_set1_epi32((int)0xffff0000), in1 = _mm256_set1_epi64x((long long)0xffffffff00000000);
    const __m256i in2 = _mm256_setr_epi64x(0, -1, 0, -1), in3 = _mm256_setr_epi64x(0, 0, -1, -1);
    const __m256i low = _mm256_set1_epi16(255);
    for (long k = 0; k < B / 4; k++, q += 4, tables += 32) {
        const __m256i s01 = _mm256_add_epi16(_mm256_and_si256(in0, _mm256_set1_epi16(q[0])),
                                             _mm256_and_si256(in1, _mm256_set1_epi16(q[1])));
        const __m256i s23 = _mm256_add_epi16(_mm256_and_si256(in2, _mm256_set1_epi16(q[2])),
                                             _mm256_and_si256(in3, _mm256_set1_epi16(q[3])));
        const __m256i t = _mm256_add_epi16(s01, s23);
        const __m256i bytes = _mm256_packus_epi16(_mm256_and_si256(t, low), _mm256_srli_epi16(t, 8));
        _mm256_storeu_si256((__m256i *)tables, _mm256_permute4x64_epi64(bytes, 0xd8));
    }
}

static inline void store_(const __m256i sums, float unit, float *g)
{
    const __m256 scale = _mm256_set1_ps(unit);
    const __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sums));
    const __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sums, 1));
    _mm256_storeu_ps(g, _mm256_mul_ps(_mm256_cvtepi32_ps(low), scale));
    _mm256_storeu_ps(g + 8, _mm256_mul_ps(_mm256_cvtepi32_ps(high), scale));
}

static inline __attribute__((always_inline)) void tile_sums(int tiles, long K, const uint8_t *tables,
                                                            const uint8_t *x, long Dp, float unit, float *g)
{
    __m256i low[TILES], high[TILES]; /* inputs 0..7 and 16..23 of each 32, and the others */
    for (int i = 0; i < tiles; i++)
        low[i] = high[i] = _mm256_setzero_si256();
    for (long k = 0; k < K; k++) {
        const __m256i t0 = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(tables + 32 * k)));
        const __m256i t1 = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(tables + 32 * k + 16)));
#pragma GCC unroll 4
        for (int i = 0; i < tiles; i++) {
            const __m256i index = _mm256_loadu_si256((const __m256i *)(x + k * Dp + 32 * i));
            const __m256i lo = _mm256_shuffle_epi8(t0, index), hi = _mm256_shuffle_epi8(t1, index);
            low[i] = _mm256_add_epi16(low[i], _mm256_unpacklo_epi8(lo, hi));
            high[i] = _mm256_add_epi16(high[i], _mm256_unpackhi_epi8(lo, hi));
        }
    }
    for (int i = 0; i < tiles; i++) {
        store_(_mm256_permute2x128_si256(low[i], high[i], 0x20), unit, g + 32 * i);
        store_(_mm256_permute2x128_si256(low[i], high[i], 0x31), unit, g + 32 * i + 16);
    }
}

/* g[s][d] = unit[s] * sum_b q[s][b] x[d][b], for `operands` operands at once, so that a tile of x is read once from
 * L2. */
static void wire_sums(int operands, long B, long Dp, const uint8_t tables[][8 * MAX_BATCH], const float *unit,
                      const uint8_t *x, float *const *g)
{
    long d = 0;
    for (; d + 32 * TILES <= Dp; d += 32 * TILES)
        for (int s = 0; s < operands; s++)
            tile_sums(TILES, B / 4, tables[s], x + d, Dp, unit[s], g[s] + d);
    for (; d < Dp; d += 32)
        for (int s = 0; s < operands; s++)
            tile_sums(1, B / 4, tables[s], x + d, Dp, unit[s], g[s] + d);
}

/* 64 samples of 32 inputs to 16 rows of nibbles, Dp apart. Rounds of interleaved bytes, each of half the distance,
 * bring byte j of all inputs together. */
static inline void transpose_word(const uint64_t *const row[32], long w, long Dp, uint8_t *nibbles)
{
    const __m256i low = _mm256_set1_epi8(15);
    __m256i one[8], two[8];
    for (int i = 0; i < 8; i++) {
        const __m256i upper = _mm256_setr_epi64x((long long)row[i][w], 0, (long long)row[i + 16][w], 0);
        const __m256i lower = _mm256_setr_epi64x((long long)row[i + 8][w], 0, (long long)row[i + 24][w], 0);
        one[i] = _mm256_unpacklo_epi8(upper, lower);
    }
    for (int i = 0; i < 4; i++) {
        two[i] = _mm256_unpacklo_epi8(one[i], one[i + 4]);
        two[i + 4] = _mm256_unpackhi_epi8(one[i], one[i + 4]);
    }
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < 2; i++) {
            one[4 * half + i] = _mm256_unpacklo_epi8(two[4 * half + i], two[4 * half + i + 2]);
            one[4 * half + i + 2] = _mm256_unpackhi_epi8(two[4 * half + i], two[4 * half + i + 2]);
        }
    for (int pair = 0; pair < 4; pair++) {
        two[2 * pair] = _mm256_unpacklo_epi8(one[2 * pair], one[2 * pair + 1]);
        two[2 * pair + 1] = _mm256_unpackhi_epi8(one[2 * pair], one[2 * pair + 1]);
    }
    for (int j = 0; j < 8; j++) {
        _mm256_storeu_si256((__m256i *)(nibbles + 2 * j * Dp), _mm256_and_si256(two[j], low));
        _mm256_storeu_si256((__m256i *)(nibbles + (2 * j + 1) * Dp),
                            _mm256_and_si256(_mm256_srli_epi16(two[j], 4), low));
    }
}
#else
static void subset_sums(long B, const int16_t *q, uint8_t *tables)
{
    for (long k = 0; k < B / 4; k++, q += 4, tables += 32) {
        int16_t t[16];
        for (int s = 0; s < 16; s++)
            t[s] = (int16_t)((s & 1 ? q[0] : 0) + (s & 2 ? q[1] : 0) + (s & 4 ? q[2] : 0) + (s & 8 ? q[3] : 0));
        for (int s = 0; s < 16; s++) {
            tables[s] = (uint8_t)t[s];
            tables[16 + s] = (uint8_t)((uint16_t)t[s] >> 8);
        }
    }
}

static void wire_sums(int operands, long B, long Dp, const uint8_t tables[][8 * MAX_BATCH], const float *unit,
                      const uint8_t *x, float *const *g)
{
    for (int s = 0; s < operands; s++) {
        for (long d = 0; d < Dp; d++)
            g[s][d] = 0;
        for (long k = 0; k < B / 4; k++) {
            int16_t t[16];
            for (int i = 0; i < 16; i++)
                t[i] = (int16_t)(uint16_t)(tables[s][32 * k + i] | tables[s][32 * k + 16 + i] << 8);
            for (long d = 0; d < Dp; d++)
                g[s][d] += t[x[k * Dp + d]];
        }
        for (long d = 0; d < Dp; d++)
            g[s][d] *= unit[s];
    }
}

/* 64 samples of 32 inputs to 16 rows of nibbles, Dp apart. */
static void transpose_word(const uint64_t *const row[32], long w, long Dp, uint8_t *nibbles)
{
    for (int k = 0; k < 16; k++)
        for (int i = 0; i < 32; i++)
            nibbles[k * Dp + i] = (uint8_t)(row[i][w] >> (4 * k) & 15);
}
#endif

/* Nibbles (B/4, Kp) of the rows of x that are picked, as lgc_nibbles makes them of all rows; Kp is K filled up to a
 * multiple of 32 with any row. */
static void gather_nibbles(long B, const uint64_t *x, const int32_t *picks, long K, long Kp, uint8_t *nibbles)
{
    const long words = B / 64;
    for (long k = 0; k < Kp; k += 32) {
        const uint64_t *row[32];
        for (int i = 0; i < 32; i++)
            row[i] = x + picks[k + i < K ? k + i : 0] * words;
        for (long w = 0; w < words; w++)
            transpose_word(row, w, Kp, nibbles + 16 * w * Kp + k);
    }
}

/* The 16 gates as coefficients of c0 + ca*A + cb*B + cab*A*B, from the truth table in the order 00, 10, 01, 11. */
static void coefficients(int table, float c[4])
{
    const float v0 = table & 1, va = table >> 1 & 1, vb = table >> 2 & 1, vab = table >> 3 & 1;
    c[0] = v0, c[1] = va - v0, c[2] = vb - v0, c[3] = vab - va - vb + v0;
}

/* Upstream gradient g (B) of one gate with operands a, b: gradients of the operands as if the gate were its mixture,
 * and an Adam step of its 16 logits. Returns the likeliest gate. */
static int32_t gate_update(long B, const float *restrict g, const uint64_t *a, const uint64_t *b,
                           const uint8_t *table_of_id, float *logits, float *m, float *v, float *restrict to_a,
                           float *restrict to_b, adam_t adam)
{
    float p[16], basis[16][4], c[4] = {0}, largest = logits[0], sum = 0;
    for (int i = 1; i < 16; i++)
        largest = logits[i] > largest ? logits[i] : largest;
    for (int i = 0; i < 16; i++)
        sum += p[i] = exp_(logits[i] - largest);
    for (int i = 0; i < 16; i++) {
        coefficients(table_of_id[i], basis[i]);
        for (int j = 0; j < 4; j++)
            c[j] += p[i] / sum * basis[i][j];
    }
    float s0 = 0, sa = 0, sb = 0, sab = 0;
    for (long w = 0; w < B / 64; w++)
        for (int i = 0; i < 64; i++) {
            const float fa = (float)(int32_t)(a[w] >> i & 1), fb = (float)(int32_t)(b[w] >> i & 1);
            const float up = g[64 * w + i];
            s0 += up, sa += up * fa, sb += up * fb, sab += up * fa * fb;
            to_a[64 * w + i] = up * (c[1] + c[3] * fb);
            to_b[64 * w + i] = up * (c[2] + c[3] * fa);
        }
    float grad[16], scratch[16];
    for (int i = 0; i < 16; i++)
        grad[i] = s0 * basis[i][0] + sa * basis[i][1] + sb * basis[i][2] + sab * basis[i][3];
    const float top = softmax_adam(16, grad, logits, m, v, scratch, largest, adam);
    return first_equal(logits, 16, top);
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

static void dense_wires(const layer_t *l, long n, long B, const int16_t q[2][MAX_BATCH], const float unit[2],
                        const uint8_t *nibbles, long Dp, float *work, adam_t adam)
{
    float *const g[2] = {work, work + Dp}, *e = work + 2 * Dp;
    uint8_t sums[2][8 * MAX_BATCH];
    for (int s = 0; s < 2; s++)
        subset_sums(B, q[s], sums[s]);
    wire_sums(2, B, Dp, sums, unit, nibbles, g);
    for (int s = 0; s < 2; s++) {
        const long row = s * l->N + n, at = row * l->D;
        l->top[row] = softmax_adam(l->D, g[s], l->logits + at, l->m + at, l->v + at, e, l->top[row], adam);
        l->wires[row] = first_equal(l->logits + at, l->D, l->top[row]);
    }
}

static void picked_wires(const layer_t *l, long n, long B, const int16_t q[2][MAX_BATCH], const float unit[2],
                         const uint64_t *x, long Kp, float *work, adam_t adam)
{
    float *g = work, *e = work + Kp;
    uint8_t *nibbles = (uint8_t *)(work + 2 * Kp), sums[1][8 * MAX_BATCH];
    for (int s = 0; s < 2; s++) {
        const long row = s * l->N + n, at = row * l->K;
        subset_sums(B, q[s], sums[0]);
        gather_nibbles(B, x, l->candidates + at, l->K, Kp, nibbles);
        wire_sums(1, B, Kp, sums, unit + s, nibbles, &g);
        l->top[row] = softmax_adam(l->K, g, l->logits + at, l->m + at, l->v + at, e, l->top[row], adam);
        l->wires[row] = l->candidates[at + first_equal(l->logits + at, l->K, l->top[row])];
    }
}

/* Backward and update of a layer. Upstream is (N / group, B), one row for each `group` gates; `to`, if given, takes
 * the gradients of the operands (2, N, B), and `used` the wires they came by (2, N). Dp is the number of choices of a
 * wire, filled up to a multiple of 32, and `work` is (threads, Dp (3 + B / 16)). */
void lgc_update(const layer_t *l, long B, const uint64_t *x, const uint8_t *nibbles, long Dp, const float *upstream,
                long group, const uint8_t *table_of_id, float *to, int32_t *used, float *work, long work_size,
                const adam_t *adam)
{
    const long N = l->N, words = B / 64;
    if (used)
        memcpy(used, l->wires, (size_t)(2 * N) * sizeof *used);
#pragma omp parallel
    {
#ifdef _OPENMP
        float *own = work + omp_get_thread_num() * work_size;
#else
        float *own = work;
#endif
        const unsigned mode = flush_denormals();
        float rows[2][MAX_BATCH];
        int16_t q[2][MAX_BATCH];
#pragma omp for schedule(dynamic, 32)
        for (long n = 0; n < N; n++) {
            float *const to_a = to ? to + n * B : rows[0], *const to_b = to ? to + (N + n) * B : rows[1];
            const int32_t id = gate_update(B, upstream + n / group * B, x + l->wires[n] * words,
                                           x + l->wires[N + n] * words, table_of_id, l->gate_logits + 16 * n,
                                           l->gate_m + 16 * n, l->gate_v + 16 * n, to_a, to_b, *adam);
            l->tables[n] = table_of_id[id];
            if (!l->K)
                continue;
            float unit[2];
            for (int s = 0; s < 2; s++) {
                unit[s] = quantise(B, s ? to_b : to_a, q[s]);
                if (unit[s] == 0)
                    memset(q[s], 0, (size_t)B * sizeof q[s][0]);
            }
            if (l->candidates)
                picked_wires(l, n, B, q, unit, x, Dp, own, *adam);
            else
                dense_wires(l, n, B, q, unit, nibbles, Dp, own, *adam);
        }
        restore_mode(mode);
    }
}

/* dx (D, B): what the operands' gradients (2N, B) give the inputs they came from. Threads share the samples out, so
 * that the order of each sum is the same for any number of them. */
void lgc_scatter(long rows, long D, long B, const int32_t *used, const float *to, float *dx)
{
    memset(dx, 0, (size_t)(D * B) * sizeof *dx);
#pragma omp parallel for schedule(static)
    for (long start = 0; start < B; start += 64)
        for (long r = 0; r < rows; r++) {
            float *out = dx + used[r] * B + start;
            const float *in = to + r * B + start;
            for (int i = 0; i < 64; i++)
                out[i] += in[i];
        }
}
