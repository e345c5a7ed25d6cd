/* A layer, and what is seen of one of its nodes. A node is a gate or a table of R operands: see gates.h and tables.h.
 */

enum { MAX_BATCH = 4096, MAX_OPERANDS = 6, MAX_ENTRIES = 64 };
enum { ROUNDED = MAX_BATCH + 4 }; /* integers of a row of gradients: behind the last sample's are four that are zero */
enum { LINE = 16 };               /* floats of a cache line */

typedef struct {
    float lr;   /* learning rate over 1 - beta1^t */
    float beta1, beta2;
    float root; /* 1 / sqrt(1 - beta2^t) */
    float eps;
} adam_t;

/* What a layer keeps; wires' logits are (R, N, D), or (R, N, K) over candidates (R, N, K), or absent.
 *
 * A convolution is a layer whose nodes are there at P positions: at position p a node reads the rows that its wires
 * name, moved on by offset[p], and its output is row n P + p. Its gradients are summed over the positions. */
typedef struct {
    long N, D, K, R, P;        /* nodes, inputs, choices of a wire: D, or those of a field, or candidates, or 0 if the
                                  wires are fixed; operands of a node; and positions */
    const int32_t *offset;     /* (P) */
    const int32_t *field;      /* (K): the rows that dense wires choose among; NULL: all D */
    float *logits, *m, *v;     /* of the wires */
    float *top;                /* (R, N): each wire's largest logit */
    const int32_t *candidates; /* rows of x; NULL: the wires are dense */
    int32_t *wires;            /* (R, N): what is chosen, rows of x */
    float *node_logits, *node_m, *node_v; /* (N, 16) of gates, (N, 2^R) of tables */
    uint64_t *tables;          /* (N): the truth table that is likeliest; bit sum_s 2^s x_s is the node's value */
    const uint8_t *functions;  /* the 16 gates' truth tables by id; NULL: the nodes are tables */
    const float (*basis)[16];  /* the gates as coefficients of 1, A, B and AB: basis[j][id] */
} layer_t;

/* Sums of a row of upstream gradients: over all samples, where A is set, where B is, where both are; and of its
 * absolute values over all, where A is set, and where B is. */
typedef struct {
    float all, a, b, both, size, size_a, size_b;
} sums_t;

/* What a backward pass reads of a layer. */
typedef struct {
    const layer_t *l;
    long B;
    const uint64_t *x;         /* (D, B/64): the layer's inputs */
    const float *soft;         /* (N, softness): its nodes as the mixtures that gradients are of */
    const float *upstream;     /* (N P / group, B): the gradient of the loss by each `group` of its outputs */
    long group;
} pass_t;

/* What a thread sees of one node, at one position, in a backward pass. */
typedef struct {
    const float *up;                   /* (B): the gradient of the loss by the node */
    const float *soft;                 /* the node as the mixture that gradients are of */
    const uint64_t *row[MAX_OPERANDS]; /* the operands' bits */
    sums_t sums;                       /* of a gate */
    uint8_t address[MAX_BATCH];        /* of a table: which entry each sample reads */
    float product[MAX_BATCH];
    float gradient[MAX_ENTRIES];       /* of what the node is, so far: of a gate's four sums, or a table's entries */
} seen_t;

/* Rows of x, and those that will be asked for next. */
typedef struct {
    const uint64_t *x, *next_x;
    const int32_t *picks, *next_picks; /* (K) each */
    long K;
} picks_t;

/* What gates and tables do in ways of their own. */
typedef struct {
    /* Of the nodes first to last - 1 the mixtures: `soft` (N, softness(l)). */
    void (*soften)(const layer_t *l, long first, long last, float *soft);
    /* First, what the others need to have seen. */
    void (*look)(long R, long B, seen_t *seen);
    /* The gradient of what the node is, at this position, is added to what there is. */
    void (*gather)(long R, long B, seen_t *seen);
    /* The gradient of operand s as integers with sum |q| < 2^15. Returns their unit; 0 where the gradient is zero. */
    float (*quantise)(long R, long B, seen_t *seen, int s, int16_t *q);
    /* The gradient of operand s is added to `out` (B); needs no look. */
    void (*add)(long R, long B, seen_t *seen, int s, float *out);
    /* One Adam step of node n. Returns the truth table that is likeliest. */
    uint64_t (*learn)(const layer_t *l, long n, const seen_t *seen, const adam_t *adam);
} kind_t;

/* Floats of a node that `soften` makes. */
static inline long softness(const layer_t *l)
{
    return l->functions ? 4 : 1L << l->R;
}

/* By what a gradient whose absolute values add up to `size` is multiplied before it is rounded; 0 where it is zero. */
static inline float integer_scale(float size)
{
    return size > 1e-30f ? (32767.0f - MAX_BATCH / 2) / size : 0;
}
