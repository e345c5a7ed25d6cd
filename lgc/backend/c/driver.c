
/* Around the kernel: samples in, scores and classes out, one block of words at a time. */

#define BLOCK_SAMPLES ((size_t)LGC_WORD_BITS)

typedef struct {
    cell block[LANE_BITS];
#if FAST_ROWS
    lane rows[BLOCK_SAMPLES * ROW_LANES];
#endif
    cell inputs[V * INPUT_WORDS];
    word scratch[V * SCRATCH_WORDS];
    word planes[V * PLANE_WORDS];
} workspace;

#define ALIGNMENT ((size_t)64)

static workspace *aligned(void *memory)
{
    return (workspace *)(((uintptr_t)memory + ALIGNMENT - 1u) / ALIGNMENT * ALIGNMENT);
}

/* Exchange the bits of column c+j in row k with those of column c in row k+j. */
#if defined(TERNARY)
#define PUT(mask, from, to) TERNARY((word){0} + (lane)(mask), from, to, 0xd8) /* where the mask is 1 */
#define SWAP(low, high, j, mask)                            \
    do {                                                    \
        word up = high << (j), down = low >> (j);           \
        low = PUT((lane)(mask) << (j), up, low);            \
        high = PUT(mask, down, high);                       \
    } while (0)
#else
#define SWAP(low, high, j, mask)                     \
    do {                                             \
        word t = ((low >> (j)) ^ high) & (lane)mask; \
        low ^= t << (j);                             \
        high ^= t;                                   \
    } while (0)
#endif

#define NIBBLES 0x0f0f0f0f0f0f0f0fu
#define PAIRS 0x3333333333333333u
#define SINGLES 0x5555555555555555u

/* Three levels of exchanges among eight rows, from a to b, `from` and `to` apart. In registers: compilers do not unroll
 * such loops at -O2. */
#define SWAP_8(a, from, b, to, j, mask4, mask2, mask1)                                                    \
    do {                                                                                           \
        word r0 = (a)[0].w, r1 = (a)[(from)].w, r2 = (a)[2u * (from)].w, r3 = (a)[3u * (from)].w;  \
        word r4 = (a)[4u * (from)].w, r5 = (a)[5u * (from)].w;                                     \
        word r6 = (a)[6u * (from)].w, r7 = (a)[7u * (from)].w;                                     \
        SWAP(r0, r4, 4u * (j), mask4);                                                             \
        SWAP(r1, r5, 4u * (j), mask4);                                                             \
        SWAP(r2, r6, 4u * (j), mask4);                                                             \
        SWAP(r3, r7, 4u * (j), mask4);                                                             \
        SWAP(r0, r2, 2u * (j), mask2);                                                             \
        SWAP(r1, r3, 2u * (j), mask2);                                                             \
        SWAP(r4, r6, 2u * (j), mask2);                                                             \
        SWAP(r5, r7, 2u * (j), mask2);                                                             \
        SWAP(r0, r1, (j), mask1);                                                                  \
        SWAP(r2, r3, (j), mask1);                                                                  \
        SWAP(r4, r5, (j), mask1);                                                                  \
        SWAP(r6, r7, (j), mask1);                                                                  \
        (b)[0].w = r0, (b)[(to)].w = r1, (b)[2u * (to)].w = r2, (b)[3u * (to)].w = r3;       \
        (b)[4u * (to)].w = r4, (b)[5u * (to)].w = r5;                                          \
        (b)[6u * (to)].w = r6, (b)[7u * (to)].w = r7;                                          \
    } while (0)

/* Transpose the bit matrix of each lane, rows `step` apart: bit r of row k becomes what bit k of row r was. */
static void transpose(cell *a, size_t step)
{
    cell *p;
    for (p = a; p < a + 8u * step; p += step) {
#if LANE_BITS == 64u
        SWAP_8(p, 8u * step, p, 8u * step, 8u, 0x00000000ffffffffu, 0x0000ffff0000ffffu, 0x00ff00ff00ff00ffu);
#else
        SWAP(p[0].w, p[16u * step].w, 16u, 0x0000ffffu);
        SWAP(p[8u * step].w, p[24u * step].w, 16u, 0x0000ffffu);
        SWAP(p[0].w, p[8u * step].w, 8u, 0x00ff00ffu);
        SWAP(p[16u * step].w, p[24u * step].w, 8u, 0x00ff00ffu);
#endif
    }
    for (p = a; p < a + LANE_BITS * step; p += 8u * step)
        SWAP_8(p, step, p, step, 1u, NIBBLES, PAIRS, SINGLES);
}

/* Sample (lane j, row r) of a block. */
#define SAMPLE(j, r) ((size_t)(j) * LANE_BITS + (r))

/* Of each sample a number of CLASS_BITS bits, whose bit planes are the first words of the block. */
static void put_classes(cell *block, size_t samples, int32_t *classes)
{
#if defined(__AVX512F__) && LANE_BITS == 64u
    size_t s;
    unsigned w;
    for (s = 0; s + 16u <= samples && s < BLOCK_SAMPLES; s += 16u) {
        __m512i values = _mm512_setzero_si512();
        for (w = 0; w < CLASS_BITS; w++)
            values = _mm512_mask_or_epi32(values, (__mmask16)(block[w].l[s / 64u] >> s % 64u), values,
                                          _mm512_set1_epi32((int)(1u << w)));
        _mm512_storeu_si512(classes + s, values);
    }
    for (; s < samples && s < BLOCK_SAMPLES; s++) {
        classes[s] = 0;
        for (w = 0; w < CLASS_BITS; w++)
            classes[s] |= (int32_t)((block[w].l[s / 64u] >> s % 64u & 1u) << w);
    }
#else
    unsigned w, j, r;
    for (w = CLASS_BITS; w < LANE_BITS; w++)
        block[w].w = (word){0};
    transpose(block, 1u);
    for (j = 0; j < LANES && SAMPLE(j, 0) < samples; j++)
        for (r = 0; r < LANE_BITS && SAMPLE(j, r) < samples; r++)
            classes[SAMPLE(j, r)] = (int32_t)block[r].l[j];
#endif
}

/* The class of each sample in binary. A bit-sliced comparison per class replaces the best so far. */
static void classes_of(word *planes, size_t samples, int32_t *classes, cell *block)
{
    unsigned c, w;
    word *best = planes; /* [w * V]; class 0 is not read again */
    for (w = 0; w < CLASS_BITS; w++)
        block[w].w = (word){0};
    for (c = 1; c < CLASSES; c++) {
        const word *p = planes + c * PLANES * V;
        word wins = (word){0};
#if TIE_LAST
        wins = ~wins;
#endif
        for (w = 0; w < PLANES; w++)
            wins ^= (best[w * V] ^ p[w * V]) & (wins ^ p[w * V]);
        for (w = 0; w < PLANES; w++)
            best[w * V] ^= (best[w * V] ^ p[w * V]) & wins;
        for (w = 0; w < CLASS_BITS; w++) {
            if (c >> w & 1u)
                block[w].w |= wins;
            else
                block[w].w &= ~wins;
        }
    }
    put_classes(block, samples, classes);
}

/* Scores are exact modulo 2^32, and the emitter has made sure that they fit. */
#define FIELD_BITS (PLANES <= 16u ? 16u : 32u)
#define FIELD_PLANES (PLANES < FIELD_BITS ? PLANES : FIELD_BITS)
#define PER_LANE (LANE_BITS / FIELD_BITS)

static inline void put_fields(lane fields, unsigned count, int32_t *out)
{
    unsigned c = 0;
#if defined(__SSE2__) && LANE_BITS == 64u && PLANES <= 16
    __m128i values = _mm_unpacklo_epi16(_mm_cvtsi64_si128((int64_t)fields), _mm_setzero_si128());
    values = _mm_add_epi32(values, _mm_set1_epi32((int32_t)BASE));
    if (count == 4u) {
        _mm_storeu_si128((__m128i *)(void *)out, values);
        return;
    }
    if (count >= 2u) {
        _mm_storel_epi64((__m128i *)(void *)out, values);
        c = 2u;
    }
#endif
    for (; c < count; c++)
        out[c] = (int32_t)((uint32_t)(fields >> c * FIELD_BITS & (lane)(0xffffffffu >> (32u - FIELD_BITS))) + BASE);
}

static void scores_of(const word *planes, size_t samples, int32_t *scores, cell *block)
{
    unsigned first, c, w, j, r;
    for (first = 0; first < CLASSES; first += PER_LANE) {
        unsigned count = CLASSES - first < PER_LANE ? CLASSES - first : PER_LANE;
        for (c = 0; c < PER_LANE; c++)
            for (w = 0; w < FIELD_BITS; w++)
                block[c * FIELD_BITS + w].w =
                    c < count && w < FIELD_PLANES ? planes[((first + c) * PLANES + w) * V] : (word){0};
        transpose(block, 1u);
        for (j = 0; j < LANES && SAMPLE(j, 0) < samples; j++)
            for (r = 0; r < LANE_BITS && SAMPLE(j, r) < samples; r++)
                put_fields(block[r].l[j], count, scores + SAMPLE(j, r) * CLASSES + first);
    }
}

/* Run the kernel over what has been loaded, and write the results of `samples` samples. */
static void finish(workspace *ws, size_t samples, int32_t *scores, int32_t *classes)
{
    size_t v, vectors = (samples + BLOCK_SAMPLES - 1u) / BLOCK_SAMPLES;
    evaluate(&ws->inputs[0].w, ws->scratch, ws->planes, vectors);
    for (v = 0; v < vectors; v++) {
        size_t start = v * BLOCK_SAMPLES;
        size_t left = samples - start < BLOCK_SAMPLES ? samples - start : BLOCK_SAMPLES;
        if (scores)
            scores_of(ws->planes + v, left, scores + start * CLASSES, ws->block);
        if (classes)
            classes_of(ws->planes + v, left, classes + start, ws->block);
    }
}

#if FAST_ROWS
/* Two steps of a transposition of 16 x 16 bytes, in both halves of the vectors; four steps make it whole. */
static inline void weave(__m256i a, __m256i b, __m256i c, __m256i d, __m256i *to, size_t step)
{
    __m256i ac = _mm256_unpacklo_epi8(a, c), bd = _mm256_unpacklo_epi8(b, d);
    __m256i high_ac = _mm256_unpackhi_epi8(a, c), high_bd = _mm256_unpackhi_epi8(b, d);
    to[0] = _mm256_unpacklo_epi8(ac, bd);
    to[step] = _mm256_unpackhi_epi8(ac, bd);
    to[2u * step] = _mm256_unpacklo_epi8(high_ac, high_bd);
    to[3u * step] = _mm256_unpackhi_epi8(high_ac, high_bd);
}

/* 16 bytes of a row, and of the one 128 rows on. */
static inline __m256i load_pair(const uint8_t *row, size_t stride)
{
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)row);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(row + 128u * stride));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* 16 bytes of 256 rows: byte b of rows 0, 8, 16, ... becomes the vector columns[b], `step` apart. */
static inline void load_columns(const uint8_t *row, size_t stride, __m256i *columns, size_t step)
{
    __m256i half[16];
#define FOUR_ROWS(k)                                                                                             \
    weave(load_pair(row + 8u * (k) * stride, stride), load_pair(row + (8u * (k) + 32u) * stride, stride),        \
          load_pair(row + (8u * (k) + 64u) * stride, stride), load_pair(row + (8u * (k) + 96u) * stride, stride), \
          half + 4u * (k), 1u)
#define FOUR_COLUMNS(k) weave(half[k], half[(k) + 4u], half[(k) + 8u], half[(k) + 12u], columns + 4u * (k) * step, step)
    FOUR_ROWS(0u);
    FOUR_ROWS(1u);
    FOUR_ROWS(2u);
    FOUR_ROWS(3u);
    FOUR_COLUMNS(0u);
    FOUR_COLUMNS(1u);
    FOUR_COLUMNS(2u);
    FOUR_COLUMNS(3u);
}

/* Groups of 16 bytes that are taken out of the rows at a time: all of a row that is short, as its columns stay in the
 * first-level cache or near it; of a longer one a few, which read fewer rows again than one would. */
#define GROUPS_AT_ONCE (GROUPS <= 6u ? GROUPS : 3u)
#define PARTS (LGC_WORD_BITS / 256u)

/* Rows that lie a multiple of 256 bytes apart share few places of a cache, and push one another out. */
#define CROWDED(stride) ((stride) % 256u == 0u)
#define COPIES (CROWDED(ROW_LANES * LANE_BYTES) ? BLOCK_SAMPLES * GROUPS_AT_ONCE : 1u)

/* Some groups of each row of a block, side by side. */
static void copy_groups(const uint8_t *rows, size_t stride, const uint32_t *groups, size_t count, __m128i *to)
{
    size_t row, g;
    for (row = 0; row < BLOCK_SAMPLES; row++)
        for (g = 0; g < count; g++)
            _mm_storeu_si128(to + row * GROUPS_AT_ONCE + g,
                             _mm_loadu_si128((const __m128i *)(const void *)(rows + row * stride + groups[g])));
}

/* A block of packed rows to bit planes, of the bytes that are read. */
static void spread(const uint8_t *rows, size_t stride, cell *inputs)
{
    cell columns[GROUPS_AT_ONCE][16][8];
    __m128i copies[COPIES];
    const int copied = CROWDED(stride);
    const uint8_t *from = copied ? (const uint8_t *)copies : rows;
    const size_t step = copied ? 16u * GROUPS_AT_ONCE : stride;
    size_t first, count, g, part, r, b;
    for (first = 0; first < GROUPS; first += count) {
        count = GROUPS - first < GROUPS_AT_ONCE ? GROUPS - first : GROUPS_AT_ONCE;
        if (copied)
            copy_groups(rows, stride, group_first + first, count, copies);
        for (part = 0; part < PARTS; part++)
            for (r = 0; r < 8u; r++)
                for (g = 0; g < count; g++)
                    load_columns(from + (256u * part + r) * step + (copied ? 16u * g : group_first[first + g]), step,
                                 (__m256i *)(void *)&columns[g][0][r] + part, 8u * PARTS);
        for (g = 0; g < count; g++)
            for (b = 0; b < 16u; b++)
                if (group_reads[first + g] >> b & 1u)
                    SWAP_8(columns[g][b], 1u, inputs + 8u * (group_first[first + g] + b) * V, V, 1u, NIBBLES, PAIRS,
                           SINGLES);
    }
}
#endif

/* Rows of one type to bit planes, the rest of a block zero. PACKED: they are packed bits, `stride` bytes each. */
#if FAST_ROWS
#define DEFINE_LOAD(form, type, stride, PACKED)                                                         \
    static void load_##form(const type *rows, size_t samples, workspace *ws, cell *inputs)              \
    {                                                                                                   \
        size_t i, k;                                                                                    \
        if (PACKED && samples >= BLOCK_SAMPLES) {                                                       \
            spread((const uint8_t *)rows, stride, inputs);                                              \
            return;                                                                                     \
        }                                                                                               \
        for (i = 0; i < samples && i < BLOCK_SAMPLES; i++)                                              \
            row_##form(rows + i * (stride), ws->rows + i * ROW_LANES, 1u);                              \
        for (k = i * ROW_LANES; k < BLOCK_SAMPLES * ROW_LANES; k++)                                     \
            ws->rows[k] = 0;                                                                            \
        spread((const uint8_t *)ws->rows, ROW_LANES * LANE_BYTES, inputs);                              \
    }
#else
#define DEFINE_LOAD(form, type, stride, PACKED)                                                         \
    static void load_##form(const type *rows, size_t samples, workspace *ws, cell *inputs)              \
    {                                                                                                   \
        size_t i;                                                                                       \
        (void)ws;                                                                                       \
        if (samples < BLOCK_SAMPLES)                                                                    \
            for (i = 0; i < INPUT_WORDS; i++)                                                           \
                inputs[i * V].w = (word){0};                                                             \
        for (i = 0; i < samples && i < BLOCK_SAMPLES; i++)                                              \
            row_##form(rows + i * (stride), &inputs[i % LANE_BITS * V].l[i / LANE_BITS], LANE_BITS * LANES * V); \
        for (i = 0; i < ROW_LANES; i++)                                                                 \
            transpose(inputs + i * LANE_BITS * V, V);                                                      \
    }
#endif

/* One entry point for rows of one type, `stride` elements long. */
#define DEFINE_RUN(form, type, stride, PACKED)                                                          \
    DEFINE_LOAD(form, type, stride, PACKED)                                                             \
                                                                                                        \
    void NAME(run_##form)(const type *rows, size_t n, int32_t *scores, int32_t *classes, void *memory)  \
    {                                                                                                   \
        workspace *ws = aligned(memory);                                                                \
        while (n > 0) {                                                                                 \
            size_t samples = n < V * BLOCK_SAMPLES ? n : V * BLOCK_SAMPLES, start;  \
            for (start = 0; start < samples; start += BLOCK_SAMPLES)                                    \
                load_##form(rows + start * (stride), samples - start, ws,                               \
                            ws->inputs + start / BLOCK_SAMPLES);                          \
            finish(ws, samples, scores, classes);                                                       \
            rows += samples * (stride);                                                                 \
            scores = scores ? scores + samples * CLASSES : scores;                                      \
            classes = classes ? classes + samples : classes;                                            \
            n -= samples;                                                                               \
        }                                                                                               \
    }

DEFINE_RUN(bits, uint8_t, ROW_BYTES, 1)
DEFINE_RUN(bools, uint8_t, BITS, 0)
DEFINE_RUN(u8, uint8_t, FEATURES, 0)
#if HAS_THRESHOLDS
DEFINE_RUN(f32, float, FEATURES, 0)
DEFINE_RUN(f64, double, FEATURES, 0)
#endif

/* Bit planes need no transposition: bit s%64 of word s/64 of plane i is bit i of sample s. */
static void load_planes(const uint64_t *planes, size_t words, size_t start, cell *inputs)
{
    unsigned i, j;
    for (i = 0; i < BITS; i++) {
        for (j = 0; j < LANES; j++) {
            size_t at = start + SAMPLE(j, 0);
            inputs[i * V].l[j] = at / 64u < words ? (lane)(planes[i * words + at / 64u] >> (at % 64u)) : 0;
        }
    }
}

void NAME(run_planes)(const uint64_t *planes, size_t words, size_t n, int32_t *scores, int32_t *classes, void *memory)
{
    workspace *ws = aligned(memory);
    size_t first, start, samples;
    for (first = 0; first < n; first += samples) {
        samples = n - first < V * BLOCK_SAMPLES ? n - first : V * BLOCK_SAMPLES;
        for (start = 0; start < samples; start += BLOCK_SAMPLES)
            load_planes(planes, words, first + start, ws->inputs + start / BLOCK_SAMPLES);
        finish(ws, samples, scores ? scores + first * CLASSES : scores, classes ? classes + first : classes);
    }
}

size_t NAME(workspace_size)(void)
{
    return sizeof(workspace) + ALIGNMENT - 1u;
}
