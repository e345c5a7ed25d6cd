// Drives mutants of a circuit, each until its outputs differ from what they must be. Arguments: bytes of a row.
//
// mutants.bin: int64, their numbers. stimulus.bin, scores.bin, class_id.bin: rows. clocks.bin: of each clock of a
// pipeline the numbers of struct Clock. shown.bin: of each mutant the row that shows it, -1 if none does, -2 if
// out_valid does. The macros LGC_INPUT, LGC_SCORES, LGC_CLASS and LGC_CLOCKED say what ports there are.
#include "Vtop.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

struct Clock {
    int64_t row;    // on the input
    int64_t valid;  // in_valid
    int64_t reset;  // rst
    int64_t due;    // the row whose result stands at the outputs after the edge, or -1
};

static std::vector<char> read_file(const char *name) {
    std::ifstream stream(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

struct Rows {
    std::vector<char> data;
    size_t size;
    Rows(const char *name, size_t bytes) : data(read_file(name)), size(bytes) {}
    const char *operator[](int64_t row) const { return &data[size_t(row) * size]; }
    int64_t count() const { return int64_t(data.size() / size); }
};

// A port of up to 64 bits is an integer, a wider one an array of words: the first bytes are the low bits of both.
template <typename T> static bool differs(const T &port, const Rows &expected, int64_t row) {
    return std::memcmp(&port, expected[row], expected.size) != 0;
}

struct Bench {
    Rows stimulus;
#ifdef LGC_SCORES
    Rows scores{"scores.bin", LGC_SCORES};
#endif
#ifdef LGC_CLASS
    Rows classes{"class_id.bin", LGC_CLASS};
#endif

    void put(Vtop &top, int64_t row) const { std::memcpy(&top.LGC_INPUT, stimulus[row], stimulus.size); }

    bool wrong(const Vtop &top, int64_t row) const {
#ifdef LGC_SCORES
        if (differs(top.scores, scores, row)) return true;
#endif
#ifdef LGC_CLASS
        if (differs(top.class_id, classes, row)) return true;
#endif
        return false;
    }

    int64_t first_difference(int64_t mutant) const;
};

#ifdef LGC_CLOCKED
int64_t Bench::first_difference(int64_t mutant) const {
    static const std::vector<char> raw = read_file("clocks.bin");
    const Clock *clocks = reinterpret_cast<const Clock *>(raw.data());
    const size_t count = raw.size() / sizeof(Clock);
    auto top = std::make_unique<Vtop>();
    top->lgc_mutant = uint32_t(mutant);
    // What the next register would read: just before the next edge, when the next inputs stand there already.
    for (size_t number = 0; number <= count; number++) {
        const Clock &clock = clocks[number < count ? number : count - 1];
        top->clk = 0;
        put(*top, clock.row);
        top->in_valid = clock.valid != 0;
        top->rst = clock.reset != 0;
        top->eval();
        if (number > 0) {
            const int64_t due = clocks[number - 1].due;
            if ((top->out_valid == 1) != (due >= 0)) return -2;
            if (due >= 0 && wrong(*top, due)) return due;
        }
        top->clk = 1;
        top->eval();
    }
    return -1;
}
#else
int64_t Bench::first_difference(int64_t mutant) const {
    auto top = std::make_unique<Vtop>();
    top->lgc_mutant = uint32_t(mutant);
    for (int64_t row = 0; row < stimulus.count(); row++) {
        put(*top, row);
        top->eval();
        if (wrong(*top, row)) return row;
    }
    return -1;
}
#endif

int main(int count_of, char **arguments) {
    Verilated::commandArgs(count_of, arguments);
    const Bench bench{Rows("stimulus.bin", std::stoul(arguments[1]))};
    const std::vector<char> raw = read_file("mutants.bin");
    const int64_t *mutants = reinterpret_cast<const int64_t *>(raw.data());
    std::ofstream shown("shown.part", std::ios::binary);
    for (size_t index = 0; index < raw.size() / sizeof(int64_t); index++) {
        const int64_t row = bench.first_difference(mutants[index]);
        shown.write(reinterpret_cast<const char *>(&row), sizeof row);
        std::ofstream("progress") << index + 1;
    }
    shown.close();
    return shown ? std::rename("shown.part", "shown.bin") : 1;
}
