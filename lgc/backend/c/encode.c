
/* Samples to lanes. Lane i of a row holds its bits i*LANE_BITS and up; row_FORM writes them to `to`, `step` apart. */

#define ROW_BYTES ((BITS + 7u) / 8u)
#define ROW_LANES ((BITS + LANE_BITS - 1u) / LANE_BITS)
#define FULL_LANES (ROW_BYTES / LANE_BYTES)

#if BITS >= LANE_BITS
/* Little-endian bytes as a lane, on any machine; compilers make one load of it. */
static inline lane load_lane(const uint8_t *p)
{
#if LANE_BITS == 64u
    return (lane)p[0] | (lane)p[1] << 8 | (lane)p[2] << 16 | (lane)p[3] << 24 | (lane)p[4] << 32
         | (lane)p[5] << 40 | (lane)p[6] << 48 | (lane)p[7] << 56;
#else
    return (lane)p[0] | (lane)p[1] << 8 | (lane)p[2] << 16 | (lane)p[3] << 24;
#endif
}
#endif

static inline void row_bits(const uint8_t *row, lane *to, size_t step)
{
#if BITS >= LANE_BITS
    unsigned i;
    for (i = 0; i < FULL_LANES; i++)
        to[i * step] = load_lane(row + i * LANE_BYTES);
    if (FULL_LANES < ROW_LANES) /* the row's last bytes, never beyond its end */
        to[FULL_LANES * step] = load_lane(row + ROW_BYTES - LANE_BYTES) >> 8u * (ROW_LANES * LANE_BYTES - ROW_BYTES);
#else
    unsigned i;
    lane value = 0;
    for (i = 0; i < ROW_BYTES; i++)
        value |= (lane)row[i] << (8u * i);
    to[0 * step] = value; /* the only lane */
#endif
}

/* A bit that no byte can make 1 is masked off. */
#if LANE_BITS == 64u
#define REACHABLE(i) reachable[i]
#else
#define REACHABLE(i) ((lane)(reachable[(i) / 2u] >> 32u * ((i) & 1u)))
#endif

/* Bytes against the smallest byte that makes a bit 1: `count` of them, at most LANE_BITS. */
static inline lane compare_bytes(const uint8_t *x, const uint8_t *limit, unsigned count)
{
    unsigned i = 0;
    lane value = 0;
#if defined(__AVX2__)
    for (; i + 32u <= count; i += 32u) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(x + i));
        __m256i l = _mm256_loadu_si256((const __m256i *)(const void *)(limit + i));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, l), v));
        value |= (lane)mask << i;
    }
#endif
#if defined(__SSE2__)
    for (; i + 16u <= count; i += 16u) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(x + i));
        __m128i l = _mm_loadu_si128((const __m128i *)(const void *)(limit + i));
        uint32_t mask = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(v, l), v));
        value |= (lane)mask << i;
    }
#endif
    for (; i < count; i++)
        value |= (lane)(x[i] >= limit[i]) << i;
    return value;
}

static inline void row_bools(const uint8_t *row, lane *to, size_t step)
{
    unsigned i;
    for (i = 0; (i + 1u) * LANE_BITS <= BITS; i++)
        to[i * step] = compare_bytes(row + i * LANE_BITS, ones, LANE_BITS);
    if (i * LANE_BITS < BITS)
        to[i * step] = compare_bytes(row + i * LANE_BITS, ones, BITS % LANE_BITS);
}

/* The bits of lane i: all of LANE_BITS but in the last lane. */
#define LANE_COUNT(i) (BITS - (i) * LANE_BITS < LANE_BITS ? BITS - (i) * LANE_BITS : LANE_BITS)

static inline void row_u8(const uint8_t *row, lane *to, size_t step)
{
    unsigned i;
    for (i = 0; i < ROW_LANES; i++) {
        const uint8_t *limit = least + i * LANE_BITS;
#if THRESHOLDS == 1u
        const uint8_t *x = row + i * LANE_BITS;
#else
        uint8_t x[LANE_BITS];
        unsigned k;
        for (k = 0; k < LANE_COUNT(i); k++)
            x[k] = row[(i * LANE_BITS + k) / THRESHOLDS];
#endif
        if ((i + 1u) * LANE_BITS <= BITS)
            to[i * step] = compare_bytes(x, limit, LANE_BITS) & REACHABLE(i);
        else
            to[i * step] = compare_bytes(x, limit, BITS % LANE_BITS) & REACHABLE(i);
    }
}

#if HAS_THRESHOLDS
/* Numbers against the thresholds: strictly above is 1, and NaN is 0. */
#define DEFINE_ROW(form, type)                                                                   \
    static inline void row_##form(const type *row, lane *to, size_t step)                        \
    {                                                                                            \
        unsigned i, k;                                                                           \
        for (i = 0; i < ROW_LANES; i++) {                                                        \
            lane value = 0;                                                                      \
            for (k = 0; k < LANE_COUNT(i); k++) {                                                \
                unsigned bit = i * LANE_BITS + k;                                                \
                value |= (lane)(row[bit / THRESHOLDS] > threshold[bit]) << k;                    \
            }                                                                                    \
            to[i * step] = value;                                                                \
        }                                                                                        \
    }

DEFINE_ROW(f32, float)
DEFINE_ROW(f64, double)
#endif
