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
 * net lie side by side: word v of net i is [i * V + v], so that one of them brings the others into the cache. */
#ifndef LGC_VECTORS
#define LGC_VECTORS 4u
#endif
#define V LGC_VECTORS

/* What one word of samples occupies. */
#define INPUT_WORDS ((BITS + LANE_BITS - 1u) / LANE_BITS * LANE_BITS)
#define SCRATCH_WORDS (SLOTS > 0u ? SLOTS : 1u) /* C99 has no empty arrays */
#define PLANE_WORDS (CLASSES * PLANES)

