#!/usr/bin/env bash
# How the spoken sample recording was made (espeak-ng and ffmpeg): two made-up people, three sentences, 14 seconds.
# Run it only to change the recording; the files it makes are committed.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

espeak-ng -v en-us+f3 -s 140 -w "$work/1.wav" "Good morning. The launch is on Thursday."
espeak-ng -v en-gb+m3 -s 140 -w "$work/2.wav" "Then I will send the invitations today."
espeak-ng -v en-us+f3 -s 140 -w "$work/3.wav" "Thank you. Let us meet again on Friday."

# Each sentence begins at its time in the sample transcript: 0.5, 5.0 and 9.5 seconds.
ffmpeg -v error -y -i "$work/1.wav" -i "$work/2.wav" -i "$work/3.wav" -filter_complex \
  "[0]adelay=500[a];[1]adelay=5000[b];[2]adelay=9500[c];[a][b][c]amix=inputs=3:normalize=0,apad=whole_dur=14,atrim=end=14,aresample=16000" \
  -ac 1 "$work/all.wav"
ffmpeg -v error -y -i "$work/all.wav" -ar 8000 -c:a flac -compression_level 12 -map_metadata -1 -fflags +bitexact audio.flac
ffmpeg -v error -y -i "$work/all.wav" -ar 8000 -c:a adpcm_ima_wav -map_metadata -1 -fflags +bitexact audio.wav
ffmpeg -v error -y -f lavfi -i "color=c=0x1f2937:s=320x180:r=10:d=14" -i "$work/all.wav" -filter_complex \
  "[1:a]showwaves=s=320x80:mode=cline:rate=10:colors=0x60a5fa[w];[0:v][w]overlay=0:50[v]" -map "[v]" -map 1:a \
  -c:v libx264 -crf 38 -preset veryslow -pix_fmt yuv420p -c:a aac -b:a 32k -movflags +faststart -map_metadata -1 -fflags +bitexact -t 14 video.mp4
