/* With AVX2: the 16 subset sums of four samples are two vectors of bytes, and one byte shuffle looks up 32 inputs. */

#include <immintrin.h>

enum { TILES = 4 };

/* For each four samples the 16 sums of their subsets, first all low bytes, then all high bytes. */
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

/* The same from the gradients of one or two operands, for all d below Dp. */
static void all_sums(int operands, long B, long Dp, int16_t q[2][ROUNDED], const float unit[2], const uint8_t *index,
                     float *const g[2])
{
    uint8_t tables[2][8 * MAX_BATCH];
    for (int s = 0; s < operands; s++)
        subset_sums(B, q[s], tables[s]);
    wire_sums(operands, B, Dp, tables, unit, index, g);
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

/* Nibbles (B/4, Kp) of the rows of x that are picked, as index_inputs makes them of all rows; Kp is K filled up to a
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

/* g[k] = unit * sum_b q[b] x[picks[k]][b]. g is filled up to a multiple of 32, of which the nibbles follow. */
static void picked_sums(long B, const picks_t *from, const int16_t *q, float unit, float *g)
{
    const long Kp = (from->K + 31) / 32 * 32;
    uint8_t *nibbles = (uint8_t *)(g + 2 * Kp), sums[1][8 * MAX_BATCH];
    subset_sums(B, q, sums[0]);
    gather_nibbles(B, from->x, from->picks, from->K, Kp, nibbles);
    wire_sums(1, B, Kp, sums, &unit, nibbles, &g);
}
