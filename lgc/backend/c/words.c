/* The word: as many samples as fit, one bit each. Choose with -DLGC_WORD_BITS=32, 64, 128, 256 or 512. */
#ifndef LGC_WORD_BITS
#if defined(__AVX512F__)
#define LGC_WORD_BITS 512
#elif defined(__AVX2__)
#define LGC_WORD_BITS 256
#elif defined(__SSE2__) || defined(__ARM_NEON) || defined(__ALTIVEC__)
#define LGC_WORD_BITS 128
#elif UINTPTR_MAX > 0xffffffffu
#define LGC_WORD_BITS 64
#else
#define LGC_WORD_BITS 32
#endif
#endif

/* A word is a vector of lanes; bit matrices are transposed lane by lane. */
#if LGC_WORD_BITS == 32
typedef uint32_t lane;
#define LANE_BITS 32u
#else
typedef uint64_t lane;
#define LANE_BITS 64u
#endif
#define LANE_BYTES (LANE_BITS / 8u)
#define LANES (LGC_WORD_BITS / LANE_BITS)

#if LGC_WORD_BITS <= 64
typedef lane word;
#else
typedef lane word __attribute__((vector_size(LGC_WORD_BITS / 8)));
#endif

typedef union {
    word w;
    lane l[LANES];
} cell;

/* Words that share one run through the code: more of them reuse the instruction cache, fewer the data. The words of one
 * net lie side by side: word v of net i is [i * V + v], so that one of them brings the others into the cache. A word of
 * 512 bits is a cache line of its own, and fewer instructions do its work. */
#ifndef LGC_VECTORS
#if LGC_WORD_BITS < 512
#define LGC_VECTORS 4u
#elif BITS > 4096u
#define LGC_VECTORS 2u
#else
#define LGC_VECTORS 1u
#endif
#endif
#define V LGC_VECTORS

/* What one word of samples occupies. */
#define INPUT_WORDS ((BITS + LANE_BITS - 1u) / LANE_BITS * LANE_BITS)
#define SCRATCH_WORDS (SLOTS > 0u ? SLOTS : 1u) /* C99 has no empty arrays */
#define PLANE_WORDS (CLASSES * PLANES)

/* Any function of three words: bit a + 2b + 4c of its table is the value for bits a, b and c. There are two kernels. Where
 * such a function is one instruction, the one that is written with it runs; -DLGC_OTHER_KERNEL takes the other one. */
#if LGC_WORD_BITS == 512 && defined(__AVX512F__)
#define TERNARY(a, b, c, table) (word)_mm512_ternarylogic_epi64((__m512i)(c), (__m512i)(b), (__m512i)(a), table)
#elif LGC_WORD_BITS == 256 && defined(__AVX512VL__)
#define TERNARY(a, b, c, table) (word)_mm256_ternarylogic_epi64((__m256i)(c), (__m256i)(b), (__m256i)(a), table)
#elif LGC_WORD_BITS == 128 && defined(__AVX512VL__)
#define TERNARY(a, b, c, table) (word)_mm_ternarylogic_epi64((__m128i)(c), (__m128i)(b), (__m128i)(a), table)
#endif

/* a AND NOT b, in one instruction: gcc does not put a NOT into an intrinsic's result. */
#if LGC_WORD_BITS == 512 && defined(__AVX512F__)
#define ANDNOT(a, b) (word)_mm512_andnot_si512((__m512i)(b), (__m512i)(a))
#else
#define ANDNOT(a, b) ((a) & ~(b))
#endif

/* Keeps a word in a register: else gcc reads it from memory again wherever it is needed. */
#if defined(TERNARY) && defined(__GNUC__)
#define HOLD(w) __asm__("" : "+v"(w))
#else
#define HOLD(w) (void)0
#endif

#if defined(TERNARY) != defined(LGC_OTHER_KERNEL)
#define LGC_TERNARY 1
#else
#define LGC_TERNARY 0
#endif

#if LGC_TERNARY && !defined(TERNARY)
/* Bit j of the table in all bits of a word; one of two words; four entries of the table. */
#define ENTRY(table, j) ((word){0} - ((word){0} + ((lane)(table) >> (j) & 1u)))
#define PICK(zero, one, select) (((zero) & ~(select)) | ((one) & (select)))
#define FOUR(a, b, t) PICK(PICK(ENTRY(t, 0), ENTRY(t, 1), a), PICK(ENTRY(t, 2), ENTRY(t, 3), a), b)
#define TERNARY(a, b, c, table) PICK(FOUR(a, b, table), FOUR(a, b, (table) >> 4), c)
#endif

/* Where bytes can be shuffled, rows of two vectors or more take the fast way in. */
#if defined(__AVX2__) && LGC_WORD_BITS >= 256
#define FAST_ROWS (BITS > 120u)
#else
#define FAST_ROWS 0
#endif
