
/* Samples to lanes: lane `index` of a row holds its bits index*LANE_BITS and up. */

#define ROW_BYTES ((BITS + 7u) / 8u)
#define LANE_COUNT(index) (BITS - (index) * LANE_BITS < LANE_BITS ? BITS - (index) * LANE_BITS : LANE_BITS)

/* Little-endian bytes as a lane, on any machine; compilers make one load of the full case. */
static lane lane_of_bits(const uint8_t *row, unsigned index)
{
    const uint8_t *p = row + (size_t)index * LANE_BYTES;
    size_t i, count = ROW_BYTES - (size_t)index * LANE_BYTES;
    lane value = 0;
    if (count >= LANE_BYTES) {
#if LANE_BITS == 64u
        return (lane)p[0] | (lane)p[1] << 8 | (lane)p[2] << 16 | (lane)p[3] << 24 | (lane)p[4] << 32
             | (lane)p[5] << 40 | (lane)p[6] << 48 | (lane)p[7] << 56;
#else
        return (lane)p[0] | (lane)p[1] << 8 | (lane)p[2] << 16 | (lane)p[3] << 24;
#endif
    }
    for (i = 0; i < count; i++)
        value |= (lane)p[i] << (8u * i);
    return value;
}

/* A bit that no byte can make 1 is masked off. */
#if LANE_BITS == 64u
#define REACHABLE(i) reachable[i]
#else
#define REACHABLE(i) ((lane)(reachable[(i) / 2u] >> 32u * ((i) & 1u)))
#endif

/* Bytes against the smallest byte that makes a bit 1. */
static lane lane_of_u8(const uint8_t *row, unsigned index)
{
    unsigned i = 0, first = index * LANE_BITS;
    unsigned count = LANE_COUNT(index);
    const uint8_t *limit = least + first;
    lane value = 0;
#if THRESHOLDS == 1u
    const uint8_t *x = row + first;
#else
    uint8_t x[LANE_BITS];
    for (i = 0; i < count; i++)
        x[i] = row[(first + i) / THRESHOLDS];
    i = 0;
#endif
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
    return value & REACHABLE(index);
}

#if HAS_THRESHOLDS
/* Numbers against the thresholds: strictly above is 1, and NaN is 0. */
#define DEFINE_LANE_OF(form, type)                                               \
    static lane lane_of_##form(const type *row, unsigned index)                  \
    {                                                                            \
        unsigned i, first = index * LANE_BITS, count = LANE_COUNT(index);        \
        lane value = 0;                                                          \
        for (i = 0; i < count; i++)                                              \
            value |= (lane)(row[(first + i) / THRESHOLDS] > threshold[first + i]) << i; \
        return value;                                                            \
    }

DEFINE_LANE_OF(f32, float)
DEFINE_LANE_OF(f64, double)
#endif
