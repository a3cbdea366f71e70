// Pictures in files: what they decode to, and what is said of those that are broken.
#include "runtime/data/picture/Picture.h"
#include "runtime/core/abi.h"
#include "runtime/data/picture/Resize.h"
#include "tests/runtime/PictureFiles.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace tenon;
using namespace tenon::data;

namespace {

using Bytes = std::vector<uint8_t>;

Bytes decoded(const Bytes &file, int channels) {
  Result<Array> picture = decodePicture(file, channels);
  EXPECT_TRUE(picture) << picture.failure().str();
  return picture ? picture->bytes : Bytes();
}

std::string failure(const Bytes &file) {
  Result<Array> picture = decodePicture(file, 3);
  return picture ? "" : picture.failure().str();
}

std::string examined(const Bytes &file) {
  Result<PictureHeader> header = examinePicture(file);
  return header ? std::to_string(header->height) + "x" + std::to_string(header->width)
                : header.failure().message;
}

//===----------------------------------------------------------------------===//
// PNG
//===----------------------------------------------------------------------===//

TEST(Pictures, grey_and_colour_become_each_other) {
  Bytes grey = png(1, 3, PNG_COLOR_TYPE_GRAY, 8, {0, 100, 255});
  EXPECT_EQ(decoded(grey, 1), (Bytes{0, 100, 255}));
  EXPECT_EQ(decoded(grey, 3), (Bytes{0, 0, 0, 100, 100, 100, 255, 255, 255}));
  Bytes colour = png(1, 3, PNG_COLOR_TYPE_RGB, 8, {255, 0, 0, 0, 255, 0, 0, 0, 255});
  EXPECT_EQ(decoded(colour, 3), (Bytes{255, 0, 0, 0, 255, 0, 0, 0, 255}));
  EXPECT_EQ(decoded(colour, 1), (Bytes{76, 150, 29})); // 0.299, 0.587, 0.114 of 255
}

TEST(Pictures, what_is_transparent_lies_over_white) {
  Bytes colour = png(1, 3, PNG_COLOR_TYPE_RGBA, 8, {10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 51});
  EXPECT_EQ(decoded(colour, 3), (Bytes{10, 20, 30, 255, 255, 255, 204, 204, 204}));
  Bytes grey = png(1, 2, PNG_COLOR_TYPE_GRAY_ALPHA, 8, {100, 255, 0, 51});
  EXPECT_EQ(decoded(grey, 1), (Bytes{100, 204}));
}

TEST(Pictures, sixteen_bits_are_rounded_to_eight) {
  // 0x0080 is 128 / 257 = 0.498, 0x0081 is 0.502.
  Bytes file = png(1, 4, PNG_COLOR_TYPE_GRAY, 16, {0x00, 0x80, 0x00, 0x81, 0xFF, 0xFF, 0x7F, 0xFF});
  EXPECT_EQ(decoded(file, 1), (Bytes{0, 1, 255, 127}));
}

TEST(Pictures, few_bits_and_palettes_are_spread) {
  EXPECT_EQ(decoded(png(1, 8, PNG_COLOR_TYPE_GRAY, 1, {0b10100001}), 1),
            (Bytes{255, 0, 255, 0, 0, 0, 0, 255}));
  EXPECT_EQ(decoded(png(1, 4, PNG_COLOR_TYPE_GRAY, 2, {0b00011011}), 1), (Bytes{0, 85, 170, 255}));
  EXPECT_EQ(decoded(png(1, 3, PNG_COLOR_TYPE_PALETTE, 8, {2, 0, 1}), 3),
            (Bytes{7, 8, 9, 1, 2, 3, 4, 5, 6}));
}

TEST(Pictures, a_broken_png_is_said_to_be) {
  Bytes file = png(2, 2, PNG_COLOR_TYPE_GRAY, 8, {1, 2, 3, 4});
  for (size_t size = 1; size < file.size(); ++size) {
    Bytes cut(file.begin(), file.begin() + int64_t(size));
    EXPECT_NE(failure(cut), "") << size;
  }
  EXPECT_EQ(failure(Bytes(file.begin(), file.end() - 6)), "the picture is truncated");
  Bytes flipped = file;
  flipped[45] ^= 1;
  EXPECT_EQ(failure(flipped), "the PNG is damaged: a checksum doesn't fit");
  EXPECT_EQ(failure({'h', 'i'}), "the file is no picture\nhelp: PNG and JPEG files are read");
  EXPECT_EQ(failure({}), "the file is empty\nhelp: PNG and JPEG files are read");
  // Good checksums around what isn't a picture.
  EXPECT_EQ(failure(pngOf({{"IHDR", header(2, 2, 8, 0)}, {"IDAT", {1, 2, 3}}, {"IEND", {}}}))
                .substr(0, 20),
            "the PNG is damaged: ");
  EXPECT_EQ(failure(pngOf({{"IHDR", header(2, 2, 3, 0)}, {"IEND", {}}})).substr(0, 20),
            "the PNG is damaged: ");
}

TEST(Pictures, a_size_beyond_reason_is_refused_unseen) {
  EXPECT_EQ(failure(pngOf({{"IHDR", header(65000, 65000, 8, 2)}, {"IDAT", {}}, {"IEND", {}}})),
            "the picture is 65000×65000, and one may have 67108864 pixels at most\n"
            "help: make it smaller");
  EXPECT_EQ(failure(pngOf({{"IHDR", header(0, 5, 8, 2)}, {"IEND", {}}})),
            "the picture has no pixels");
  Bytes huge = jpeg(8, 8, 3, Bytes(192, 90));
  setJpegSize(huge, 65000, 65000);
  EXPECT_EQ(examined(huge), "the picture is 65000×65000, and one may have 67108864 pixels at most");
}

//===----------------------------------------------------------------------===//
// JPEG
//===----------------------------------------------------------------------===//

TEST(Pictures, jpeg) {
  Bytes plain = decoded(jpeg(16, 8, 3, Bytes(16 * 8 * 3, 90)), 3);
  ASSERT_EQ(plain.size(), 16u * 8 * 3);
  for (uint8_t value : plain)
    EXPECT_NEAR(value, 90, 1);
  Bytes grey = decoded(jpeg(8, 16, 1, Bytes(16 * 8, 200)), 3);
  ASSERT_EQ(grey.size(), 16u * 8 * 3);
  EXPECT_NEAR(grey[17], 200, 1);
}

/// Dark on the left, light below: tells all eight turns from each other.
Bytes corner(int64_t height, int64_t width) {
  Bytes pixels;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      pixels.push_back(y < 8 ? (x < 8 ? 0 : 80) : (x < 8 ? 160 : 240));
  return pixels;
}

TEST(Pictures, exif_turns_them) {
  // What lies at the four corners of the picture as shown, clockwise from the upper left, where the
  // stored one has 0, 80, 240, 160 there.
  const std::vector<std::vector<int>> shown{{0, 80, 240, 160}, {80, 0, 160, 240}, {240, 160, 0, 80},
                                            {160, 240, 80, 0}, {0, 160, 240, 80}, {160, 0, 80, 240},
                                            {240, 80, 0, 160}, {80, 240, 160, 0}};
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (bool bigEndian : {false, true}) {
      Bytes file = jpeg(16, 24, 1, corner(16, 24), exif(orientation, bigEndian));
      bool turned = orientation > 4;
      EXPECT_EQ(examined(file), turned ? "24x16" : "16x24");
      Result<Array> picture = decodePicture(file, 1);
      ASSERT_TRUE(picture) << picture.failure().str();
      size_t h = size_t(picture->dims[0]), w = size_t(picture->dims[1]);
      EXPECT_EQ(h, turned ? 24u : 16u);
      const Bytes &at = picture->bytes;
      std::vector<int> corners{at[0], at[w - 1], at[h * w - 1], at[(h - 1) * w]};
      for (size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(corners[i], shown[size_t(orientation) - 1][i], 4) << orientation << " " << i;
    }
}

TEST(Pictures, bad_exif_turns_nothing) {
  Bytes good = exif(6, true);
  for (size_t size = 0; size + 4 < good.size(); ++size) // what follows the entry may be missing
    EXPECT_EQ(
        examined(jpeg(8, 16, 1, Bytes(128, 9), Bytes(good.begin(), good.begin() + int64_t(size)))),
        "8x16");
  EXPECT_EQ(examined(jpeg(8, 16, 1, Bytes(128, 9), exif(9, true))), "8x16");
}

TEST(Pictures, a_broken_jpeg_is_said_to_be) {
  Bytes pixels;
  for (int i = 0; i < 64 * 64 * 3; ++i)
    pixels.push_back(uint8_t(i * 7919 >> 3));
  Bytes file = jpeg(64, 64, 3, pixels);
  for (size_t size = 3; size + 1 < file.size(); size += 13) {
    Bytes cut(file.begin(), file.begin() + int64_t(size));
    EXPECT_NE(failure(cut), "") << size;
    EXPECT_NE(examined(cut), "64x64") << size;
  }
  // The end is there, and what is before it isn't.
  Bytes hole(file.begin(), file.begin() + int64_t(file.size() / 2));
  hole.insert(hole.end(), {0xFF, 0xD9});
  EXPECT_EQ(failure(hole).substr(0, 21), "the JPEG is damaged: ");
}

/// Whatever stands in a file: an answer, and nothing else.
TEST(Pictures, random_damage_is_survived) {
  uint32_t state = 1;
  auto next = [&] { return state = state * 1664525 + 1013904223; };
  const Bytes files[] = {png(5, 7, PNG_COLOR_TYPE_RGB, 8, Bytes(105, 50)),
                         jpeg(24, 16, 3, Bytes(24 * 16 * 3, 77), exif(3, false))};
  for (int round = 0; round < 2000; ++round) {
    Bytes file = files[round % 2];
    for (int i = 0; i < 3; ++i)
      file[(next() >> 8) % file.size()] = uint8_t(next() >> 16);
    Result<Array> picture = decodePicture(file, 1 + round / 2 % 2 * 2);
    if (picture) {
      EXPECT_EQ(int64_t(picture->bytes.size()), picture->size());
    }
  }
}

//===----------------------------------------------------------------------===//
// Another size
//===----------------------------------------------------------------------===//

std::vector<float> resized(const Array &picture, int64_t height, int64_t width) {
  Array made = resizePicture(picture, height, width);
  std::vector<float> values(made.bytes.size() / 4);
  memcpy(values.data(), made.bytes.data(), made.bytes.size());
  return values;
}

TEST(Resize, same_size_is_the_same) {
  Array picture{TENON_U8, {2, 2, 1}, {1, 2, 3, 4}};
  EXPECT_EQ(resized(picture, 2, 2), (std::vector<float>{1, 2, 3, 4}));
}

TEST(Resize, channels_stay_apart) {
  Array picture{TENON_U8, {1, 2, 3}, {0, 100, 200, 10, 110, 210}};
  EXPECT_EQ(resized(picture, 1, 1), (std::vector<float>{5, 105, 205}));
}

/// Row-major [height, width, channels] of u8: element i is (37 i² + 11 i) mod 251.
Array pattern(int64_t height, int64_t width, int64_t channels) {
  Array picture{TENON_U8, {height, width, channels}, {}};
  for (int64_t i = 0; i < height * width * channels; ++i)
    picture.bytes.push_back(uint8_t((37 * i * i + 11 * i) % 251));
  return picture;
}

/// Figures of torch.nn.functional.interpolate(mode = "bilinear", antialias = True), which has the
/// same filter, in f64.
TEST(Resize, figures_of_another_implementation) {
  struct Case {
    std::vector<int64_t> from, to;
    std::vector<double> values;
  };
  const Case cases[] = {
      {{5, 7, 1},
       {3, 4},
       {84.13605, 115.40571, 123.58857, 165.55102, 161.46032, 136.69333, 105.56000, 139.15873,
        153.21769, 172.04000, 113.54286, 203.63946}},
      {{3, 2, 1}, {5, 5}, {0.00000,   4.80000,   24.00000,  43.20000,  48.00000,
                           68.00000,  68.68000,  71.40000,  74.12000,  74.80000,
                           170.00000, 164.50000, 142.50000, 120.50000, 115.00000,
                           148.40000, 151.78000, 165.30000, 178.82000, 182.20000,
                           134.00000, 143.30000, 180.50000, 217.70000, 227.00000}},
      {{6, 7, 3},
       {2, 3},
       {160.42857, 115.83036, 172.12500, 164.41176, 118.97059, 110.61765, 156.41071, 115.26786,
        132.43750, 143.69643, 136.17857, 113.01786, 113.90441, 134.94118, 119.24265, 102.58036,
        111.96429, 128.11607}},
      {{9, 4, 1}, {4, 6}, {96.82857,  114.37143, 132.16667, 133.17619, 124.57143, 115.71429,
                           170.31707, 142.20732, 112.97967, 108.50813, 116.54878, 125.70732,
                           195.53659, 166.97561, 138.16667, 137.17480, 145.63415, 154.34146,
                           166.60000, 147.57143, 145.29048, 212.28095, 136.98571, 44.94286}},
  };
  for (const Case &each : cases) {
    Array picture = pattern(each.from[0], each.from[1], each.from[2]);
    std::vector<float> values = resized(picture, each.to[0], each.to[1]);
    ASSERT_EQ(values.size(), each.values.size());
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(values[i], each.values[i], 1e-4) << i;
  }
}

} // namespace
