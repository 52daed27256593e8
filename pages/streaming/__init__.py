"""HTTP routes beside Streamlit's: the event stream, plotly.js, sample images of domains."""
