/* With AVX-512 sixteen bits are a mask for floats, and 32 for 16-bit integers. */

#include <immintrin.h>

typedef __mmask16 __attribute__((may_alias)) mask16_t;
typedef __mmask32 __attribute__((may_alias)) mask32_t;

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

/* The sums of all subsets of each five of B integers, where lane s of a vector adds those whose bit is set in s. */
static void subset_sums(long B, const int16_t *q, __m512i *table)
{
    static const __mmask32 member[GROUP] = {0xaaaaaaaa, 0xcccccccc, 0xf0f0f0f0, 0xff00ff00, 0xffff0000};
    for (long b = 0; b < B; b += GROUP) {
        __m512i sums = _mm512_setzero_si512();
        for (int j = 0; j < GROUP; j++)
            if (b + j < B)
                sums = _mm512_add_epi16(sums, _mm512_maskz_set1_epi16(member[j], q[b + j]));
        table[b / GROUP] = sums;
    }
}

static inline void store_sums(__m512i sums, float unit, float *g)
{
    const __m512i low = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(sums));
    const __m512i high = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(sums, 1));
    _mm512_storeu_ps(g, _mm512_mul_ps(_mm512_cvtepi32_ps(low), _mm512_set1_ps(unit)));
    _mm512_storeu_ps(g + 16, _mm512_mul_ps(_mm512_cvtepi32_ps(high), _mm512_set1_ps(unit)));
}

static inline __attribute__((always_inline)) void tile_sums(int tiles, long B, __m512i tables[2][MAX_GROUPS],
                                                            const uint16_t *index, long Dp, const float unit[2],
                                                            float *const g[2], long d)
{
    __m512i sums[2][TILES];
    for (int i = 0; i < tiles; i++)
        sums[0][i] = sums[1][i] = _mm512_setzero_si512();
    for (long k = 0; k < (B + GROUP - 1) / GROUP; k++)
#pragma GCC unroll 8
        for (int i = 0; i < tiles; i++) {
            const __m512i five = _mm512_loadu_si512(index + k * Dp + d + 32 * i);
            sums[0][i] = _mm512_add_epi16(sums[0][i], _mm512_permutexvar_epi16(five, tables[0][k]));
            sums[1][i] = _mm512_add_epi16(sums[1][i], _mm512_permutexvar_epi16(five, tables[1][k]));
        }
    for (int i = 0; i < tiles; i++)
        for (int s = 0; s < 2; s++)
            store_sums(sums[s][i], unit[s], g[s] + d + 32 * i);
}

/* g[s][d] = unit[s] * sum_b q[s][b] x[d][b] of both operands, for all d below Dp. */
static void all_sums(long B, long Dp, int16_t q[2][MAX_BATCH], const float unit[2], const uint8_t *index,
                     float *const g[2])
{
    const uint16_t *fives = (const uint16_t *)index;
    __m512i tables[2][MAX_GROUPS];
    for (int s = 0; s < 2; s++)
        subset_sums(B, q[s], tables[s]);
    long d = 0;
    for (; d + 32 * TILES <= Dp; d += 32 * TILES)
        tile_sums(TILES, B, tables, fives, Dp, unit, g, d);
    for (; d < Dp; d += 32)
        tile_sums(1, B, tables, fives, Dp, unit, g, d);
}

/* Sums of the 16-bit lanes of 32 vectors, where each sum fits 16 bits. Vector 4 e + l gives lane 8 l + e. */
static inline __m512i sums_of_lanes(__m512i v[32])
{
    for (int half = 16; half >= 4; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] = _mm512_add_epi16(_mm512_unpacklo_epi16(v[i], v[i + half]), _mm512_unpackhi_epi16(v[i], v[i + half]));
    for (int i = 0; i < 4; i += 2)
        v[i] = _mm512_add_epi16(_mm512_shuffle_i64x2(v[i], v[i + 1], 0x88), _mm512_shuffle_i64x2(v[i], v[i + 1], 0xdd));
    return _mm512_add_epi16(_mm512_shuffle_i64x2(v[0], v[2], 0x88), _mm512_shuffle_i64x2(v[0], v[2], 0xdd));
}

/* g[k] = unit * sum_b q[b] x[picks[k]][b]: an addition under a mask for 32 samples. g is filled up to a multiple of 32.
 * `next` (K) are the picks of a call soon to come, whose rows are fetched meanwhile: a large x is not in the nearest
 * cache, and its rows are read at random. */
static void picked_sums(long B, const uint64_t *x, const int32_t *picks, const int32_t *next, long K, const int16_t *q,
                        float unit, float *g)
{
    for (long k = 0; k < K; k += 32) {
        __m512i v[32];
        for (int i = 0; i < 32; i++) {
            const long pick = k + i < K ? k + i : K - 1;
            const mask32_t *in = (const mask32_t *)(x + picks[pick] * (B / 64));
            __builtin_prefetch(x + next[pick] * (B / 64));
            __m512i sum = _mm512_setzero_si512();
            for (long w = 0; w < B / 32; w++)
                sum = _mm512_mask_add_epi16(sum, in[w], sum, _mm512_loadu_si512(q + 32 * w));
            v[i / 8 + i % 8 * 4] = sum;
        }
        store_sums(sums_of_lanes(v), unit, g + k);
    }
}
