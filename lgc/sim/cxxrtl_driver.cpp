// Plays a schedule of clocks on a CXXRTL design: inputs before the edge, outputs just before the next one.
#include "ports.h"
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

struct Clock { int64_t row, valid, reset, due; };

static std::ofstream results, valid_file;

static std::vector<char> read_file(const char *name) {
    std::ifstream stream(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

template <size_t N> static void load(cxxrtl::value<N> &port, const char *row) {
    for (size_t bit = 0; bit < N; bit += 8)
        for (size_t k = bit; k < N && k < bit + 8; k++) {
            uint32_t mask = 1u << (k % 32);
            bool one = (row[bit / 8] >> (k - bit)) & 1;
            port.data[k / 32] = one ? port.data[k / 32] | mask : port.data[k / 32] & ~mask;
        }
}

template <size_t N> static void write(const cxxrtl::value<N> &port) {
    for (size_t byte = 0; byte < (N + 7) / 8; byte++) results.put(char(port.data[byte / 4] >> (byte % 4 * 8)));
}
template <size_t N> static void write(const cxxrtl::wire<N> &port) { write(port.curr); }

#if CLOCKED
template <size_t N> static bool is_one(const cxxrtl::value<N> &port) { return port.data[0] & 1; }
template <size_t N> static bool is_one(const cxxrtl::wire<N> &port) { return is_one(port.curr); }
#endif

int main(int, char **arguments) {
    size_t row_bytes = std::stoul(arguments[1]);
    std::vector<char> rows = read_file("stimulus.bin"), raw = read_file("clocks.bin");
    const Clock *clocks = reinterpret_cast<const Clock *>(raw.data());
    size_t count = raw.size() / sizeof(Clock);
    results.open("results.part", std::ios::binary);
    valid_file.open("valid.bin", std::ios::binary);
    Top top;
#if CLOCKED
    int64_t due = -1;
    for (size_t index = 0; index <= count; index++) {
        const Clock &clock = clocks[index < count ? index : count - 1];
        top.p_clk.set<bool>(false);
        load(top.INPUT, &rows[clock.row * row_bytes]);
        top.p_in__valid.set<bool>(clock.valid);
        top.p_rst.set<bool>(clock.reset);
        top.step();
        if (index > 0) valid_file.put(is_one(top.p_out__valid));
        if (index > 0 && due >= 0) { WRITE_OUTPUTS }
        top.p_clk.set<bool>(true);
        top.step();
        due = clock.due;
    }
#else
    for (size_t index = 0; index < count; index++) {
        load(top.INPUT, &rows[clocks[index].row * row_bytes]);
        top.step();
        valid_file.put(1);
        WRITE_OUTPUTS
    }
#endif
    results.close();
    valid_file.close();
    return results && valid_file ? std::rename("results.part", "results.bin") : 1;
}
