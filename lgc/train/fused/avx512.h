/* With AVX-512 sixteen bits are a mask, and the sums of all subsets of five samples fit a vector. */

#include <immintrin.h>

typedef __mmask16 __attribute__((may_alias)) mask16_t;

static sums_t sums_by_bits(long B, const float *up, const uint64_t *a, const uint64_t *b)
{
    const mask16_t *in_a = (const mask16_t *)a, *in_b = (const mask16_t *)b;
    __m512 all = _mm512_setzero_ps(), sa = all, sb = all, both = all, size = all, size_a = all, size_b = all;
    for (long i = 0; i < B / 16; i++) {
        const __m512 u = _mm512_loadu_ps(up + 16 * i), absolute = _mm512_abs_ps(u);
        all = _mm512_add_ps(all, u);
        sa = _mm512_mask_add_ps(sa, in_a[i], sa, u);
        sb = _mm512_mask_add_ps(sb, in_b[i], sb, u);
        both = _mm512_mask_add_ps(both, in_a[i] & in_b[i], both, u);
        size = _mm512_add_ps(size, absolute);
        size_a = _mm512_mask_add_ps(size_a, in_a[i], size_a, absolute);
        size_b = _mm512_mask_add_ps(size_b, in_b[i], size_b, absolute);
    }
    return (sums_t){_mm512_reduce_add_ps(all),    _mm512_reduce_add_ps(sa),   _mm512_reduce_add_ps(sb),
                    _mm512_reduce_add_ps(both),   _mm512_reduce_add_ps(size), _mm512_reduce_add_ps(size_a),
                    _mm512_reduce_add_ps(size_b)};
}

/* q = up times `set` where the bit is set and `clear` elsewhere, rounded. */
static void round_by_bits(long B, const float *up, const uint64_t *bits, float clear, float set, int16_t *q)
{
    const mask16_t *in = (const mask16_t *)bits;
    const __m512 low = _mm512_set1_ps(clear), high = _mm512_set1_ps(set);
    for (long i = 0; i < B / 16; i++) {
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(up + 16 * i), _mm512_mask_blend_ps(in[i], low, high));
        _mm256_storeu_si256((__m256i *)(q + 16 * i), _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(scaled)));
    }
}

/* out += up times `set` where the bit is set and `clear` elsewhere. */
static void add_by_bits(long B, const float *up, const uint64_t *bits, float clear, float set, float *out)
{
    const mask16_t *in = (const mask16_t *)bits;
    const __m512 low = _mm512_set1_ps(clear), high = _mm512_set1_ps(set);
    for (long i = 0; i < B / 16; i++) {
        const __m512 u = _mm512_loadu_ps(up + 16 * i), before = _mm512_loadu_ps(out + 16 * i);
        _mm512_storeu_ps(out + 16 * i, _mm512_fmadd_ps(u, _mm512_mask_blend_ps(in[i], low, high), before));
    }
}

/* address[b]: the bits of sample b, one of each of R rows; the first row's is the lowest. */
static void address_rows(long R, long B, const uint64_t *const *row, uint8_t *address)
{
    for (long w = 0; w < B / 64; w++) {
        __m512i all = _mm512_setzero_si512();
        for (long s = 0; s < R; s++)
            all = _mm512_or_si512(all, _mm512_maskz_set1_epi8(row[s][w], (char)(1 << s)));
        _mm512_storeu_si512(address + 64 * w, all);
    }
}

/* Of 16 samples the slope of operand s, which is at the place of the other operands' bits. */
static inline __m512 slopes_at(const uint8_t *address, __m512i below, __m512 low, __m512 high)
{
    const __m512i whole = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)address));
    const __m512i others = _mm512_ternarylogic_epi32(below, whole, _mm512_srli_epi32(whole, 1), 0xca);
    return _mm512_permutex2var_ps(low, others, high);
}

/* out = up times each sample's slope of operand s. Returns the sum of absolute values. */
static float scale_by_slopes(long B, const float *up, const uint8_t *address, int s, const float *slope, float *out)
{
    const __m512i below = _mm512_set1_epi32((1 << s) - 1);
    const __m512 low = _mm512_loadu_ps(slope), high = _mm512_loadu_ps(slope + 16);
    __m512 size = _mm512_setzero_ps();
    for (long b = 0; b < B; b += 16) {
        const __m512 product = _mm512_mul_ps(_mm512_loadu_ps(up + b), slopes_at(address + b, below, low, high));
        size = _mm512_add_ps(size, _mm512_abs_ps(product));
        _mm512_storeu_ps(out + b, product);
    }
    return _mm512_reduce_add_ps(size);
}

/* out += up times each sample's slope of operand s. */
static void add_by_slopes(long B, const float *up, const uint8_t *address, int s, const float *slope, float *out)
{
    const __m512i below = _mm512_set1_epi32((1 << s) - 1);
    const __m512 low = _mm512_loadu_ps(slope), high = _mm512_loadu_ps(slope + 16);
    for (long b = 0; b < B; b += 16) {
        const __m512 u = _mm512_loadu_ps(up + b), before = _mm512_loadu_ps(out + b);
        _mm512_storeu_ps(out + b, _mm512_fmadd_ps(u, slopes_at(address + b, below, low, high), before));
    }
}

/* q = values times scale, rounded. */
static void round_scaled(long B, const float *values, float scale, int16_t *q)
{
    for (long b = 0; b < B; b += 16) {
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(values + b), _mm512_set1_ps(scale));
        _mm256_storeu_si256((__m256i *)(q + b), _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(scaled)));
    }
}

/* The inputs' bits in groups of five samples, (ceil(B / 5), Dp) 16-bit integers of which each is an index into
 * 32 subset sums: one vector register. */
enum { GROUP = 5, MAX_GROUPS = (MAX_BATCH + 4) / 5, TILES = 6 };

static void index_inputs(long B, const uint64_t *x, long D, long Dp, uint8_t *index)
{
    const long words = B / 64;
    uint16_t *out = (uint16_t *)index;
#pragma omp parallel for schedule(static)
    for (long k = 0; k < (B + GROUP - 1) / GROUP; k++) {
        const long word = k * GROUP / 64, shift = k * GROUP % 64;
        const int more = shift > 64 - GROUP && word + 1 < words;
        for (long d = 0; d < D; d++) {
            const uint64_t *row = x + d * words + word;
            out[k * Dp + d] = (row[0] >> shift | (more ? row[1] << (64 - shift) : 0)) & 31;
        }
    }
}

/* The sums of all subsets of five samples: lane i adds those whose bit is set in i. Products of pairs with zeros and ones
 * make the sixteen without the third sample, then those with it; packing puts four of these behind four of those. */
static inline __m512i five_sums(const int16_t *q)
{
    const __m512i low = _mm512_broadcast_i32x4(_mm_setr_epi16(0, 0, 1, 0, 0, 1, 1, 1));
    const __m512i high = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1)),
        _mm256_setr_epi32(1 << 16, 1 << 16, 1 << 16, 1 << 16, 1 << 16 | 1, 1 << 16 | 1, 1 << 16 | 1, 1 << 16 | 1), 1);
    int32_t pair[3]; /* samples 0 and 1, 2 and 3, 3 and 4 */
    memcpy(pair, q, sizeof *pair);
    memcpy(pair + 1, q + 2, 2 * sizeof(int16_t));
    memcpy(pair + 2, q + 3, 2 * sizeof(int16_t));
    const __m512i without = _mm512_add_epi32(_mm512_madd_epi16(_mm512_set1_epi32(pair[0]), low),
                                             _mm512_madd_epi16(_mm512_set1_epi32(pair[2]), high));
    const __m512i third = _mm512_madd_epi16(_mm512_set1_epi32(pair[1]), _mm512_set1_epi32(1));
    return _mm512_packs_epi32(without, _mm512_add_epi32(without, third));
}

static inline void store_sums(__m512i sums, float unit, float *g)
{
    const __m512i low = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(sums));
    const __m512i high = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(sums, 1));
    _mm512_storeu_ps(g, _mm512_mul_ps(_mm512_cvtepi32_ps(low), _mm512_set1_ps(unit)));
    _mm512_storeu_ps(g + 16, _mm512_mul_ps(_mm512_cvtepi32_ps(high), _mm512_set1_ps(unit)));
}

static inline __attribute__((always_inline)) void tile_sums(int operands, int tiles, long B,
                                                            __m512i tables[2][MAX_GROUPS], const uint16_t *index,
                                                            long Dp, const float unit[2], float *const g[2], long d)
{
    __m512i sums[2][TILES];
    for (int i = 0; i < tiles; i++)
        sums[0][i] = sums[1][i] = _mm512_setzero_si512();
    for (long k = 0; k < (B + GROUP - 1) / GROUP; k++)
#pragma GCC unroll 8
        for (int i = 0; i < tiles; i++) {
            const __m512i five = _mm512_loadu_si512(index + k * Dp + d + 32 * i);
            for (int s = 0; s < operands; s++)
                sums[s][i] = _mm512_add_epi16(sums[s][i], _mm512_permutexvar_epi16(five, tables[s][k]));
        }
    for (int i = 0; i < tiles; i++)
        for (int s = 0; s < operands; s++)
            store_sums(sums[s][i], unit[s], g[s] + d + 32 * i);
}

/* g[s][d] = unit[s] * sum_b q[s][b] x[d][b] of one or two operands, for all d below Dp. */
static inline __attribute__((always_inline)) void sums_of(int operands, long B, long Dp, int16_t q[2][ROUNDED],
                                                          const float unit[2], const uint8_t *index,
                                                          float *const g[2])
{
    const uint16_t *fives = (const uint16_t *)index;
    __m512i tables[2][MAX_GROUPS];
    for (int s = 0; s < operands; s++)
        for (long k = 0; k < (B + GROUP - 1) / GROUP; k++)
            tables[s][k] = five_sums(q[s] + GROUP * k);
    long d = 0;
    for (; d + 32 * TILES <= Dp; d += 32 * TILES)
        tile_sums(operands, TILES, B, tables, fives, Dp, unit, g, d);
    for (; d < Dp; d += 32)
        tile_sums(operands, 1, B, tables, fives, Dp, unit, g, d);
}

static void all_sums(int operands, long B, long Dp, int16_t q[2][ROUNDED], const float unit[2], const uint8_t *index,
                     float *const g[2])
{
    if (operands == 2)
        sums_of(2, B, Dp, q, unit, index, g);
    else
        sums_of(1, B, Dp, q, unit, index, g);
}

/* Eight by eight 16-bit integers in each quarter of eight vectors, transposed: each round moves the top bit of an
 * element's six-bit place to the bottom. */
static inline void transpose(__m512i v[8])
{
    for (int round = 0; round < 3; round++) {
        __m512i t[8];
        for (int i = 0; i < 4; i++) {
            t[2 * i] = _mm512_unpacklo_epi16(v[i], v[i + 4]);
            t[2 * i + 1] = _mm512_unpackhi_epi16(v[i], v[i + 4]);
        }
        memcpy(v, t, sizeof t);
    }
}

/* Of 32 rows the words in `given`, at most four: 16 vectors of which each has 16 samples of all rows. */
static inline void gather_samples(const uint64_t *const row[32], __mmask8 given, __m512i out[16])
{
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const __m512i second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    __m512i v[16];
    for (int i = 0; i < 16; i++)
        v[i] = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_maskz_loadu_epi64(given, row[i])),
                                  _mm256_maskz_loadu_epi64(given, row[i + 16]), 1);
    transpose(v);
    transpose(v + 8);
    for (int i = 0; i < 8; i++) {
        out[i] = _mm512_permutex2var_epi64(v[i], first, v[i + 8]);
        out[i + 8] = _mm512_permutex2var_epi64(v[i], second, v[i + 8]);
    }
}

/* g[k] = unit * sum_b q[b] x[picks[k]][b]. g is filled up to a multiple of 32. The rows that come next are fetched
 * meanwhile: a large x is not in the nearest cache, and its rows are read at random. */
static void picked_sums(long B, const picks_t *from, const int16_t *q, float unit, float *g)
{
    const long words = B / 64, K = from->K;
    __m512i table[MAX_BATCH / 16][3];
    for (long i = 0; i < B / 16; i++)
        for (int j = 0; j < 3; j++)
            table[i][j] = five_sums(q + 16 * i + GROUP * j);
    for (long k = 0; k < K; k += 32) {
        const uint64_t *row[32];
        for (int i = 0; i < 32; i++) {
            const long pick = k + i < K ? k + i : K - 1;
            row[i] = from->x + from->picks[pick] * words;
            __builtin_prefetch(from->next_x + from->next_picks[pick] * words);
        }
        __m512i sums = _mm512_setzero_si512(), samples[16];
        for (long w = 0; w < words; w += 4) {
            const int given = words - w < 4 ? (int)(words - w) : 4;
            gather_samples(row, (__mmask8)((1 << given) - 1), samples);
            for (int i = 0; i < 4 * given; i++) {
                const __m512i *fives = table[4 * w + i], last = _mm512_set1_epi16(q[64 * w + 16 * i + 15]);
#pragma GCC unroll 3
                for (int j = 0; j < 3; j++) /* a look-up sees the five lowest bits */
                    sums = _mm512_add_epi16(
                        sums, _mm512_permutexvar_epi16(_mm512_srli_epi16(samples[i], GROUP * j), fives[j]));
                sums = _mm512_mask_add_epi16(sums, _mm512_movepi16_mask(samples[i]), sums, last);
            }
            for (int i = 0; i < 32; i++)
                row[i] += 4;
        }
        store_sums(sums, unit, g + k);
    }
}
